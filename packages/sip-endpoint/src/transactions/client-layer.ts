import {
  clientTransactionKey,
  err,
  formatMessage,
  hasParameter,
  ok,
  parseCSeq,
  requestFacts,
  requestKey,
  topVia,
  uriTransport,
  validateResponse,
  type SipMessage,
} from "@tandem/sip";
import type {
  ClientTransaction,
  ClientTransactionEvents,
  OutgoingRequest,
  SendFailure,
  SendResult,
} from "../endpoint.ts";
import { Received } from "../messages/received-message.ts";
import { sentMessage } from "../messages/sent-message.ts";
import { isSentBy, ownVia, withOwnVia } from "../messages/via-lines.ts";
import { locate, type Located } from "../next-hop/locate.ts";
import { firstAddress, flowTarget, nextHopUri, withFirst } from "../next-hop/next-hop-uri.ts";
import type { Arrival } from "../transport/arrival.ts";
import { AddressQueue, TcpRefusals, type Way } from "./address-queue.ts";
import { AnswerBook } from "./answer-book.ts";
import { ClientRequest, type ClientRequestHost } from "./client-request.ts";
import { InviteClientTx, type ClientTx } from "./client-transaction.ts";
import type { TransactionContext } from "./context.ts";
import { SilentAddresses } from "./silent-addresses.ts";

const BAD_NEXT_HOP: SendFailure = { reason: "bad-next-hop", detail: "the next hop is not a SIP URI" };
const NO_LISTENER: SendFailure = { reason: "no-listener", detail: "no listener of that name" };

/** Requests we send, and the responses to them. */
export class ClientLayer implements ClientRequestHost {
  readonly context: TransactionContext;
  private readonly byKey = new Map<string, ClientTx>();
  private readonly requests = new Set<ClientRequest>();
  private readonly answers = new Map<string, AnswerBook>();
  private readonly refusals: TcpRefusals;
  readonly silent: SilentAddresses;
  private stopped: SendFailure | undefined = undefined;

  constructor(context: TransactionContext) {
    this.context = context;
    this.refusals = new TcpRefusals(() => context.clock.monotonic());
    this.silent = new SilentAddresses(() => context.clock.monotonic());
  }

  request(request: OutgoingRequest, events: ClientTransactionEvents): ClientTransaction {
    const transaction = new ClientRequest(this, request, events);
    this.requests.add(transaction);
    queueMicrotask(() => (this.stopped === undefined ? transaction.begin() : transaction.fail(this.stopped)));
    return transaction;
  }

  settled(request: ClientRequest): void {
    this.requests.delete(request);
  }

  /** Ends every transaction; whoever still waits for a response is told why none will come, as is whoever sends from now on. */
  stop(failure: SendFailure): void {
    this.stopped = failure;
    for (const request of this.requests) request.fail(failure);
    for (const transaction of this.byKey.values()) transaction.end();
  }

  async sendAck(ack: OutgoingRequest): Promise<SendResult> {
    const located = await this.locate(ack);
    if ("reason" in located) return err(located);
    const text = formatMessage(ack.message);
    const way = located.next(0, false);
    if (way === undefined) return err({ reason: "no-listener", detail: "no listener can reach the next hop" });
    return this.sendAckTo(ack.message, text, way);
  }

  /** A readable response arrived. */
  onResponse(message: SipMessage, arrival: Arrival): void {
    const { counters } = this.context;
    const method = parseCSeq(message.get("CSeq") ?? "")?.method;
    const branch = topVia(message)?.branch;
    if (method === undefined || branch === undefined) {
      counters.discarded.malformed++;
      return;
    }
    const transaction = this.byKey.get(clientTransactionKey(branch, method));
    const fault = validateResponse(message);
    // A forwarded request's response carries the Via lines of those before us, too (RFC 3261 §16.7 step 3).
    if (fault !== undefined && !(fault.code === "several-vias" && transaction?.forwarded === true)) {
      counters.discarded.malformed++;
      return;
    }
    counters.message("in", arrival.transport, method, message.status);
    if (transaction !== undefined) transaction.onResponse(new Received(message, arrival, this.context.clock.now()));
    else this.onStray(message, arrival, method);
  }

  private onStray(message: SipMessage, arrival: Arrival, method: string): void {
    const { counters, events, clock, transports } = this.context;
    const isAnswer = method === "INVITE" && message.status >= 200 && message.status < 300;
    const via = topVia(message);
    // RFC 3261 §18.1.2: a response to a request whose sent-by was not ours is discarded, or anybody could have us answer it.
    const isOurs = via !== undefined && transports.ports.some(({ bound }) => isSentBy(via, bound, arrival.transport));
    if (isAnswer && isOurs && events.onStrayAnswer) events.onStrayAnswer(new Received(message, arrival, clock.now()));
    else counters.discarded["stray-response"]++;
  }

  add(transaction: ClientTx): void {
    this.byKey.get(transaction.key)?.supersede();
    this.byKey.set(transaction.key, transaction);
    this.context.counters.transactions[kindOf(transaction)]++;
  }

  readonly remove = (transaction: ClientTx): void => {
    this.byKey.delete(transaction.key);
    this.context.counters.transactions[kindOf(transaction)]--;
  };

  locate(request: OutgoingRequest): Promise<AddressQueue | SendFailure> | AddressQueue | SendFailure {
    const { transports, resolver, ids } = this.context;
    const uri = nextHopUri(request.message, request.nextHop);
    if (uri === undefined) return BAD_NEXT_HOP;
    const paths = transports.paths(request.listener, uriTransport(uri));
    if (paths.length === 0) return NO_LISTENER;
    // Only what our own user says is believed: a peer that writes `flow` into its Contact names no connection.
    const flow = request.nextHop === null ? undefined : flowTarget(uri);
    if (flow !== undefined && transports.isConnected(request.listener, flow)) {
      return this.queueOf({ targets: [flow] }, request.listener);
    }
    const located = locate(uri, { resolver, paths, random: () => ids.random() });
    if (located instanceof Promise) {
      const first = request.nextHop === null ? undefined : firstAddress(uri);
      return located.then((found) => this.queueOf(inOrder(this.heardFirst(found), first), request.listener));
    }
    const isFlow = request.nextHop !== null && flow === undefined && hasParameter(uri.params, "flow");
    return this.queueOf(isFlow ? asFlow(located) : located, request.listener);
  }

  answersTo(request: OutgoingRequest): AnswerBook {
    const facts = requestFacts(request.message);
    const book = new AnswerBook(this.context, facts === undefined ? "" : requestKey(facts));
    this.answers.set(book.key, book);
    return book;
  }

  forgetAnswers(book: AnswerBook): void {
    if (this.answers.get(book.key) === book) this.answers.delete(book.key);
  }

  private heardFirst(located: Located): Located {
    return "failure" in located ? located : { targets: this.silent.last(located.targets) };
  }

  private queueOf(located: Located, listener: string | null): AddressQueue | SendFailure {
    if ("failure" in located) return { reason: located.failure, detail: located.detail };
    const { transports, limits } = this.context;
    const parts = { transports, refusals: this.refusals, maxDatagram: limits.udpRequestBytes };
    return new AddressQueue(parts, listener, located.targets);
  }

  private sendAckTo(message: SipMessage, formatted: string, way: Way): SendResult {
    const { context } = this;
    const text = withOwnVia(formatted, ownVia(way.port.bound, way.port.transport, context.ids.branch()));
    const facts = requestFacts(message);
    const book = facts && this.answers.get(requestKey(facts));
    if (facts !== undefined) book?.acknowledge(facts.toTag ?? "", { ...way, text });
    const outlet = context.transports.outlet(way.port, way.target, { onTransportError: () => undefined });
    context.counters.message("out", outlet.transport, "ACK", 0);
    outlet.send(text);
    const sent = sentMessage(text, outlet, context.clock.now());
    outlet.release();
    return ok(sent);
  }
}

function inOrder(located: Located, first: string | undefined): Located {
  return "failure" in located ? located : { targets: withFirst(located.targets, first) };
}

function asFlow(located: Located): Located {
  if ("failure" in located) return located;
  return { targets: located.targets.map((target) => ({ ...target, flow: true })) };
}

function kindOf(transaction: ClientTx): "invite-client" | "non-invite-client" {
  return transaction instanceof InviteClientTx ? "invite-client" : "non-invite-client";
}
