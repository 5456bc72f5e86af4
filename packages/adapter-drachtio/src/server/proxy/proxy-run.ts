import { endingOf, headerAddresses, responseTo, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { ClientTransaction, Endpoint, ReceivedMessage, ServerTransaction } from "@tandem/sip-endpoint";
import { betterResponse } from "./best-response.ts";
import { branchRequest } from "./branch-request.ts";

/** How a request is to be proxied. */
export interface ProxyPlan {
  readonly transaction: ServerTransaction;
  readonly request: SipMessage;
  readonly targets: readonly string[];
  readonly simultaneous: boolean;
  readonly followRedirects: boolean;
  /** Milliseconds a target may stay wholly silent; null: timer B or F. */
  readonly provisionalTimeoutMs: number | null;
  /** Milliseconds a target may take to its final response; null: no limit. */
  readonly finalTimeoutMs: number | null;
  readonly recordRoute: string | null;
  readonly dropFirstRoute: boolean;
  readonly extra: readonly HeaderLine[];
  /** To tag of a response the proxy makes itself. */
  readonly tag: string;
}

export interface ProxyHost {
  readonly endpoint: () => Endpoint;
  readonly after: (delayMs: number, fire: () => void) => () => void;
  /** Final response of one branch. */
  readonly onFinal: (response: ReceivedMessage) => void;
  /** Nothing more will happen for the application; called once. */
  readonly onDone: () => void;
}

interface Branch {
  readonly request: SipMessage;
  transaction: ClientTransaction | null;
  cancelTimer: () => void;
  /** No more attention: answered, failed or given up. */
  over: boolean;
}

/** Targets learnt from redirections, at most. */
const MAX_TARGETS = 20;

/** One request forwarded to one or several targets (RFC 3261 §16): best response back, losers cancelled, late answers ended. */
export class ProxyRun {
  readonly #plan: ProxyPlan;
  readonly #host: ProxyHost;
  readonly #targets: string[];
  readonly #branches: Branch[] = [];
  #next = 0;
  #best: SipMessage | null = null;
  /** The caller has its final response, or cancelled. */
  #settled = false;
  #done = false;

  constructor(plan: ProxyPlan, host: ProxyHost) {
    this.#plan = plan;
    this.#host = host;
    this.#targets = [...plan.targets];
  }

  start(): void {
    this.#proceed();
  }

  /** The caller cancelled: so are all branches. */
  cancel(): void {
    this.#settled = true;
    this.#stopAll();
    this.#finish();
  }

  #proceed(): void {
    while (!this.#settled && this.#next < this.#targets.length) {
      if (!this.#plan.simultaneous && this.#branches.some((branch) => !branch.over)) return;
      this.#launch(this.#targets[this.#next] ?? "");
      this.#next += 1;
    }
    if (this.#branches.every((branch) => branch.over)) this.#conclude();
  }

  #launch(target: string): void {
    const { plan, request } = { plan: this.#plan, request: this.#plan.request };
    const branch: Branch = {
      request: branchRequest(request, { ...plan, target }),
      transaction: null,
      cancelTimer: () => undefined,
      over: false,
    };
    this.#branches.push(branch);
    branch.transaction = this.#host.endpoint().request(
      {
        message: branch.request,
        listener: null,
        nextHop: null,
        ...(plan.provisionalTimeoutMs === null ? {} : { timeoutMs: plan.provisionalTimeoutMs }),
      },
      {
        onResponse: (response) => this.#responded(branch, response),
        onFailure: (failure) => this.#failed(branch, failure.reason === "timeout" ? 408 : 503),
      },
    );
    if (plan.finalTimeoutMs === null) return;
    branch.cancelTimer = this.#host.after(plan.finalTimeoutMs, () => {
      branch.transaction?.cancel();
      this.#failed(branch, 408);
    });
  }

  #responded(branch: Branch, response: ReceivedMessage): void {
    const { message } = response;
    if (message.status < 200) {
      if (!this.#settled && !branch.over) this.#plan.transaction.respond(message);
      return;
    }
    branch.cancelTimer();
    if (message.status < 300) return this.#accepted(branch, response);
    if (branch.over) return;
    branch.over = true;
    this.#host.onFinal(response);
    if (this.#plan.followRedirects && message.status < 400) this.#redirected(message);
    else this.#best = betterResponse(this.#best, message);
    // RFC 3261 §16.7 step 5: a 6xx ends the search.
    if (message.status >= 600) this.#stopAll();
    this.#proceed();
  }

  #accepted(branch: Branch, response: ReceivedMessage): void {
    branch.over = true;
    if (this.#settled) return this.#end(branch, response.message);
    this.#settled = true;
    this.#plan.transaction.respond(response.message);
    this.#host.onFinal(response);
    this.#stopAll();
    this.#finish();
  }

  #failed(branch: Branch, status: number): void {
    if (branch.over) return;
    branch.over = true;
    branch.cancelTimer();
    this.#best = betterResponse(this.#best, responseTo(this.#plan.request, status, { toTag: this.#plan.tag }));
    this.#proceed();
  }

  #redirected(response: SipMessage): void {
    for (const { uri } of headerAddresses(response, "Contact")) {
      if (this.#targets.length < MAX_TARGETS && !this.#targets.includes(uri)) this.#targets.push(uri);
    }
  }

  #conclude(): void {
    if (!this.#settled) {
      this.#settled = true;
      this.#plan.transaction.respond(this.#final());
    }
    this.#finish();
  }

  /** RFC 3261 §16.7 step 6: a 503 of one target does not mean that this proxy is unavailable. */
  #final(): SipMessage {
    const { request, tag } = this.#plan;
    const best = this.#best ?? responseTo(request, 408, { toTag: tag });
    return best.status === 503 ? responseTo(request, 500, { toTag: tag }) : best;
  }

  #stopAll(): void {
    this.#next = this.#targets.length;
    for (const branch of this.#branches) {
      branch.cancelTimer();
      if (branch.over) continue;
      branch.over = true;
      branch.transaction?.cancel();
    }
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#host.onDone();
  }

  /**
   * A 2xx that comes after the caller has its final response cannot be passed on by a transaction that is over; the callee is released
   * with ACK and BYE. RFC 3261 §16.7 would forward it statelessly.
   */
  #end(branch: Branch, answer: SipMessage): void {
    if (branch.request.method !== "INVITE") return;
    const { ack, bye } = endingOf(answer, branch.request.uri);
    const endpoint = this.#host.endpoint();
    void endpoint.sendAck({ message: ack, listener: null, nextHop: null });
    endpoint.request(
      { message: bye, listener: null, nextHop: null },
      { onResponse: () => undefined, onFailure: () => undefined },
    );
  }
}
