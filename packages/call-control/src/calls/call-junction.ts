import {
  err,
  JUNCTION_POOL,
  junctionProfile,
  ok,
  parseOurTag,
  replacedCall,
  type CallEvent,
  type Failure,
  type Result,
} from "@tandem/domain";
import { buildRequest, readTag, responseTo, type SipMessage } from "@tandem/sip";
import type {
  ClientEvents,
  ClientTransaction,
  Clock,
  OutgoingRequest,
  ServerTransaction,
  SipPort,
} from "../ports/index.ts";
import type { Mail } from "./call-shell.ts";
import { isAnswer } from "./exchange-events.ts";
import { INSIDE, InnerPeer } from "./inner-peer.ts";
import { transactionId } from "./transaction-id.ts";

/** A request on its way from one call to another. */
interface Waiting {
  readonly message: SipMessage;
  readonly callId: string;
  readonly events: ClientEvents;
  readonly stop: () => void;
}

/** Longest that an answer is waited for, milliseconds: 64*T1 (RFC 3261 §17.1.2.2), and beyond every ringing for an INVITE. */
const ANSWER_MS = 32_000;
const INVITE_ANSWER_MS = 240_000;

const GONE: Failure = { code: "call-gone", detail: "no request between calls under way" };
const SILENT: Failure = { code: "peer-timeout", detail: "the other call gave no answer" };

/**
 * Where two calls of ours are joined (attended transfer): a SipPort that hands what is sent to the junction to the other call's record, in this process, and
 * everything else to the edges. To both calls it is a SIP peer, so whatever a call can do with a peer works between calls, at any worker.
 */
export class CallJunction extends InnerPeer implements SipPort {
  readonly #clock: Clock;
  readonly #post: (callId: string, mail: Mail) => void;
  readonly #waiting = new Map<string, Waiting>();
  /** Answers to INVITEs that wait for their ACK; what stops the wait. */
  readonly #unacknowledged = new Map<string, () => void>();

  constructor(outside: SipPort, clock: Clock, post: (callId: string, mail: Mail) => void) {
    super(outside);
    this.#clock = clock;
    this.#post = post;
  }

  sendRequest(request: OutgoingRequest, events: ClientEvents): Promise<Result<ClientTransaction, Failure>> {
    if (request.pool !== JUNCTION_POOL) return this.outside.sendRequest(request, events);
    const { message } = request;
    const callId = calledCall(message);
    if (callId === null) return Promise.resolve(err(GONE));
    const transaction = { edge: JUNCTION_POOL, id: nameOf(message) };
    if (message.method === "ACK") this.#acknowledged(transaction.id);
    else this.#wait(transaction.id, { message, callId, events });
    // The sender has its receipt before anything comes back.
    void Promise.resolve().then(() => this.#deliver(callId, message, transaction));
    return Promise.resolve(ok(transaction));
  }

  respond(transaction: ServerTransaction, response: SipMessage): Promise<Result<void, Failure>> {
    if (transaction.edge !== JUNCTION_POOL) return this.outside.respond(transaction, response);
    const waiting = this.#waiting.get(transaction.id);
    if (waiting === undefined) return Promise.resolve(err(GONE));
    if (response.status >= 200) this.#end(transaction.id, waiting);
    if (waiting.message.method === "INVITE" && isAnswer(response)) this.#awaitAck(transaction, waiting.callId);
    waiting.events.onResponse(response, INSIDE);
    return Promise.resolve(ok(undefined));
  }

  cancel(...[transaction, headers]: Parameters<SipPort["cancel"]>): Promise<Result<void, Failure>> {
    if (transaction.edge !== JUNCTION_POOL) return this.outside.cancel(transaction, headers);
    const waiting = this.#waiting.get(transaction.id);
    if (waiting === undefined) return Promise.resolve(err(GONE));
    this.#end(transaction.id, waiting);
    const cancel = buildRequest({ method: "CANCEL", uri: waiting.message.uri, headers });
    this.#post(waiting.callId, { event: { kind: "cancelled", transaction: transactionId(transaction), cancel } });
    waiting.events.onResponse(responseTo(waiting.message, 487), INSIDE);
    return Promise.resolve(ok(undefined));
  }

  #deliver(callId: string, message: SipMessage, transaction: ServerTransaction): void {
    // An INVITE that was taken may stay unanswered for as long as people think.
    if (message.method === "INVITE") {
      this.#waiting.get(transaction.id)?.events.onResponse(responseTo(message, 100), INSIDE);
    }
    this.#post(callId, { event: eventOf(message, transactionId(transaction)) });
  }

  #wait(id: string, request: Omit<Waiting, "stop">): void {
    const afterMs = request.message.method === "INVITE" ? INVITE_ANSWER_MS : ANSWER_MS;
    const stop = this.#clock.after(afterMs, () => {
      this.#waiting.delete(id);
      request.events.onFailure(SILENT);
    });
    this.#waiting.set(id, { ...request, stop });
  }

  #end(id: string, waiting: Waiting): void {
    waiting.stop();
    this.#waiting.delete(id);
  }

  #awaitAck(transaction: ServerTransaction, callId: string): void {
    const stop = this.#clock.after(ANSWER_MS, () => {
      this.#unacknowledged.delete(transaction.id);
      this.#post(callId, { event: { kind: "ack-timeout", transaction: transactionId(transaction) } });
    });
    this.#unacknowledged.set(transaction.id, stop);
  }

  #acknowledged(id: string): void {
    this.#unacknowledged.get(id)?.();
    this.#unacknowledged.delete(id);
  }
}

/** The call a request goes to: the one whose tag To bears, or whose dialog an INVITE is to replace. */
function calledCall(message: SipMessage): string | null {
  const ours = parseOurTag(readTag(message.get("To") ?? "") ?? "");
  return ours?.callId ?? replacedCall(message.get("Replaces") ?? "");
}

function eventOf(request: SipMessage, transaction: string): CallEvent {
  const ours = parseOurTag(readTag(request.get("To") ?? "") ?? "");
  return ours === null
    ? { kind: "replacing-invite", transaction, request, profile: junctionProfile }
    : { kind: "request", leg: ours.leg, transaction, request };
}

/** The same in every process, and the same for an INVITE and its ACK: our tag in From names call and party, CSeq the request. */
function nameOf(message: SipMessage): string {
  const [number = "", method = ""] = (message.get("CSeq") ?? "").split(" ");
  return `${readTag(message.get("From") ?? "") ?? ""}.${number}.${method === "ACK" ? "INVITE" : method}`;
}
