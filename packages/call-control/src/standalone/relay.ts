import {
  addressesOf,
  callAddresses,
  contactOn,
  hostsOfSender,
  mayTryNextTrunk,
  passingHeaders,
  sipCallIdOf,
  tagOf,
  type AttemptPlan,
  type FailureCode,
  type LegProfile,
  type Way,
} from "@tandem/domain";
import {
  buildRequest,
  headerReasons,
  parseMaxForwards,
  responseTo,
  type HeaderLine,
  type SipMessage,
} from "@tandem/sip";
import type { StatelessAnswers } from "../ingress/stateless-answers.ts";
import type { Clock, IncomingRequest, SipPort } from "../ports/index.ts";

/** One request to forward. */
export interface RelayJob {
  readonly request: IncomingRequest;
  readonly ingress: LegProfile;
  readonly plans: readonly AttemptPlan[];
  readonly emergency: boolean;
  /** Stands for the call id in our tags and the new Call-ID. */
  readonly id: string;
}

export interface RelayParts {
  readonly sip: SipPort;
  readonly clock: Clock;
  readonly answers: StatelessAnswers;
}

/** RFC 3261 §17.1.2.2: the peer that sent it gives up after 64*T1. An attempt gets its share of that. */
const ATTEMPT_MS = 8_000;
const DEFAULT_HOPS = 70;
const NOTHING_SETTLED: ReadonlySet<string> = new Set();

/** Forwards one request out of a dialog: tries the plans in order until somebody gives a final answer that counts. */
export class Relay {
  readonly #job: RelayJob;
  readonly #parts: RelayParts;
  readonly #done: () => void;
  #next = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(job: RelayJob, parts: RelayParts, done: () => void) {
    this.#job = job;
    this.#parts = parts;
    this.#done = done;
  }

  begin(): void {
    const hops = this.#hops();
    if (hops < 0) return this.#refuse("too-many-hops");
    this.#try("all-trunks-failed");
  }

  /** RFC 3261 §8.1.1.6, §16.3: a request without Max-Forwards counts as a new one. */
  #hops(): number {
    const given = this.#job.request.message.get("Max-Forwards");
    return (given === undefined ? DEFAULT_HOPS : (parseMaxForwards(given) ?? DEFAULT_HOPS)) - 1;
  }

  #try(otherwise: FailureCode): void {
    const plan = this.#job.plans[this.#next];
    if (plan === undefined) return this.#refuse(otherwise);
    const attempt = (this.#next += 1);
    const isCurrent = (): boolean => attempt === this.#next;
    this.#cancelTimer = this.#parts.clock.after(ATTEMPT_MS, () => {
      if (isCurrent()) this.#try("peer-timeout");
    });
    const { pool, listener, nextHop } = plan.profile;
    const outgoing = { message: this.#outgoing(plan), pool, listener, nextHop, preferredEdge: null };
    const fail = (code: FailureCode): void => {
      if (isCurrent()) this.#fail(code);
    };
    const events = {
      onResponse: (response: SipMessage): void => {
        if (isCurrent() && response.status >= 200) this.#answer(response, plan);
      },
      onFailure: ({ code }: { readonly code: FailureCode }): void => fail(code),
    };
    void this.#parts.sip.sendRequest(outgoing, events).then((sent) => (sent.ok ? undefined : fail(sent.error.code)));
  }

  #fail(code: FailureCode): void {
    this.#cancelTimer?.();
    this.#try(code);
  }

  #answer(response: SipMessage, plan: AttemptPlan): void {
    this.#cancelTimer?.();
    const cause = headerReasons(response).find((reason) => reason.protocol === "Q.850")?.cause ?? null;
    const rules = { failoverCodes: plan.failoverCodes, responseRules: plan.profile.responseRules };
    const failed = response.status >= 300;
    const final = { status: response.status, cause };
    if (failed && this.#next < this.#job.plans.length && mayTryNextTrunk(final, rules, this.#job.emergency)) {
      return this.#try("all-trunks-failed");
    }
    // RFC 4320 §4.2: 408 is no answer to a request other than INVITE.
    if (response.status === 408) return this.#refuse("peer-timeout");
    const { request } = this.#job;
    const headers = passingHeaders(response.headers, this.#way(response, plan.profile, this.#job.ingress));
    const options = { reason: response.reason, toTag: tagOf(this.#job.id, "a"), headers, body: response.body };
    this.#parts.answers.respond(request, responseTo(request.message, response.status, options));
    this.#finish();
  }

  #refuse(code: FailureCode): void {
    this.#parts.answers.refuse(this.#job.request, code);
    this.#finish();
  }

  #finish(): void {
    this.#cancelTimer?.();
    this.#next = -1;
    this.#done();
  }

  #outgoing(plan: AttemptPlan): SipMessage {
    const { message } = this.#job.request;
    const { uri, from, to } = callAddresses(addressesOf(message), plan, this.#job.emergency);
    const party = `b${this.#next}`;
    const way = {
      ...this.#way(message, this.#job.ingress, plan.profile),
      suppressIdentity: plan.suppressCallerId,
    };
    const contact: HeaderLine[] =
      message.method === "MESSAGE" ? [] : [["Contact", contactOn(plan.profile, plan.callingNumber, "sip")]];
    return buildRequest({
      method: message.method,
      uri,
      headers: [
        ["Max-Forwards", String(this.#hops())],
        ["From", `${from};tag=${tagOf(this.#job.id, party)}`],
        ["To", to],
        ["Call-ID", sipCallIdOf(this.#job.id, party)],
        ["CSeq", `1 ${message.method}`],
        // RFC 3428 §4: a MESSAGE has no Contact; the others name us, not the sender.
        ...contact,
        ...passingHeaders(message.headers, way),
      ],
      body: message.body,
    });
  }

  /** Nothing of the sender's network is seen on the other side. */
  #way(message: SipMessage, from: LegProfile, to: LegProfile): Way {
    return {
      to,
      hidden: () => hostsOfSender(message, [from.contactHost, from.peerHost]),
      emergency: this.#job.emergency,
      suppressIdentity: false,
      settled: NOTHING_SETTLED,
    };
  }
}
