import { parseMessage, responseTo, type SipMessage } from "@tandem/sip";
import type { ReceivedMessage, ServerTransaction } from "@tandem/sip-endpoint";
import type { ProxyAppFrame } from "../../wire/app-frame.ts";
import { formatProxyResponse } from "../../wire/edge-frame.ts";
import type { AppSession } from "../app-session.ts";
import type { EdgeContext } from "../edge-context.ts";
import type { IncomingRequests } from "../incoming-requests.ts";
import type { Offer } from "../offer.ts";
import { stackTime } from "../stack-time.ts";
import { keptHeaders } from "../stock/stock-headers.ts";
import { branchRequest, hopsLeft } from "./branch-request.ts";
import { ProxyRun } from "./proxy-run.ts";
import type { RecordRoutes } from "./record-route.ts";

/**
 * Requests that go through without an application: those an application handed over with `proxy`, and the later requests of such calls when
 * they were record-routed.
 */
export class Proxies {
  readonly #context: EdgeContext;
  readonly #routes: RecordRoutes;
  readonly #runs = new Map<string, ProxyRun>();

  constructor(context: EdgeContext, routes: RecordRoutes) {
    this.#context = context;
    this.#routes = routes;
  }

  /** Requests being proxied now. */
  get size(): number {
    return this.#runs.size;
  }

  /** An application hands a request over. */
  begin(session: AppSession, frame: ProxyAppFrame, incoming: IncomingRequests): void {
    const offer = incoming.find(frame.transactionId);
    if (offer === undefined || offer.proxied) {
      return session.reply(frame.id, `NOK|Unknown transaction id: ${frame.transactionId}`);
    }
    if (hopsLeft(offer.received.message) === 0) {
      this.#refuseHops(offer.transaction, offer.received.message);
      incoming.proxied(offer);
      incoming.proxyEnded(offer);
      return session.reply(frame.id, "NOK|Rejected with 483 Too Many Hops due to Max-Forwards value of 0");
    }
    incoming.proxied(offer);
    if (!frame.fullResponse) session.reply(frame.id, "OK|done");
    this.#run(offer, frame, {
      onFinal: (response) => {
        if (frame.fullResponse && session.ready) this.#report(session, frame.id, response);
      },
      onDone: () => {
        incoming.proxyEnded(offer);
        if (frame.fullResponse && session.ready) session.reply(frame.id, "OK|done");
      },
    });
  }

  /** A request whose first Route is ours is relayed (RFC 3261 §16.4); false: it is for an application. */
  relay(transaction: ServerTransaction, received: ReceivedMessage): boolean {
    const request = received.message;
    if (!this.#routes.leadsHere(request)) return false;
    if (hopsLeft(request) === 0) {
      this.#refuseHops(transaction, request);
      return true;
    }
    const plan = {
      transaction,
      request,
      targets: [request.uri],
      simultaneous: false,
      followRedirects: false,
      provisionalTimeoutMs: null,
      finalTimeoutMs: null,
      recordRoute: null,
      dropFirstRoute: true,
      extra: [],
      tag: this.#context.tokens.next(),
    };
    this.#start(plan, { onFinal: () => undefined, onDone: () => undefined });
    return true;
  }

  /** An ACK whose first Route is ours is relayed; false: it is for an application. */
  relayAck(ack: SipMessage): boolean {
    if (!this.#routes.leadsHere(ack)) return false;
    if (hopsLeft(ack) === 0) return true;
    const options = { target: ack.uri, recordRoute: null, dropFirstRoute: true, extra: [] };
    void this.#context.endpoint().sendAck({ message: branchRequest(ack, options), listener: null, nextHop: null });
    return true;
  }

  /** The caller cancelled a proxied request; false: it was not proxied. */
  cancelled(transaction: ServerTransaction): boolean {
    const run = this.#runs.get(transaction.id);
    run?.cancel();
    return run !== undefined;
  }

  #run(
    offer: Offer,
    frame: ProxyAppFrame,
    events: Pick<ConstructorParameters<typeof ProxyRun>[1], "onFinal" | "onDone">,
  ): void {
    const { transaction, received } = offer;
    const extra = parseMessage(frame.text);
    this.#start(
      {
        transaction,
        request: received.message,
        targets: frame.targets,
        simultaneous: frame.simultaneous,
        followRedirects: frame.followRedirects,
        provisionalTimeoutMs: frame.provisionalTimeoutMs,
        finalTimeoutMs: frame.finalTimeoutMs,
        recordRoute: frame.recordRoute ? this.#routes.make(received.source.listener, transaction.callId) : null,
        dropFirstRoute: false,
        extra: extra.ok ? keptHeaders(extra.value, true) : [],
        tag: this.#context.tokens.next(),
      },
      events,
    );
  }

  #start(
    plan: ConstructorParameters<typeof ProxyRun>[0],
    events: Pick<ConstructorParameters<typeof ProxyRun>[1], "onFinal" | "onDone">,
  ): void {
    const { endpoint, clock } = this.#context;
    const run = new ProxyRun(plan, {
      endpoint,
      after: (delayMs, fire) => clock.after(delayMs, fire),
      onFinal: events.onFinal,
      onDone: () => {
        this.#runs.delete(plan.transaction.id);
        events.onDone();
      },
    });
    this.#runs.set(plan.transaction.id, run);
    run.start();
  }

  #refuseHops(transaction: ServerTransaction, request: SipMessage): void {
    transaction.respond(responseTo(request, 483, { toTag: this.#context.tokens.next() }));
  }

  #report(session: AppSession, frameId: string, response: ReceivedMessage): void {
    const { source, text, atMs } = response;
    session.send(
      formatProxyResponse(this.#context.tokens.next(), frameId, {
        bytes: text.length,
        transport: source.transport,
        address: source.address,
        port: source.port,
        time: stackTime(atMs),
        text,
      }),
    );
  }
}
