import { responseTo, type SipMessage } from "@tandem/sip";
import type { ReceivedMessage, SentMessage, ServerTransaction } from "@tandem/sip-endpoint";
import type { SipAppFrame } from "../wire/app-frame.ts";
import { formatBriefReply } from "../wire/edge-frame.ts";
import type { AppSession } from "./app-session.ts";
import { dialogId, toTag } from "./dialog-id.ts";
import type { OwnAnswer } from "./edge-counters.ts";
import type { EdgeContext } from "./edge-context.ts";
import { incomingFrame } from "./incoming-frame.ts";
import { withTransactionHeaders } from "./octets-response.ts";
import type { AnsweredInvite, Offer } from "./offer.ts";
import { refusalText } from "./refusal-text.ts";
import { ReliableProvisionals } from "./reliable-provisionals.ts";
import type { StockDialogs } from "./stock/stock-dialogs.ts";
import type { StockResponses } from "./stock/stock-responses.ts";

/** What the server side needs beyond the shared context. */
export interface IncomingParts {
  readonly dialogs: StockDialogs;
  readonly stock: StockResponses;
  /** No ACK will come for this 2xx. */
  readonly onAckMissing: (answered: AnsweredInvite) => void;
}

/**
 * Requests from the network: offered to one application, answered by it, offered to another when it is lost, answered by the edge when
 * nobody does. Every request gets a final response.
 */
export class IncomingRequests {
  readonly #context: EdgeContext;
  readonly #parts: IncomingParts;
  readonly #open = new Map<string, Offer>();
  readonly #answered = new Map<string, AnsweredInvite>();
  readonly #reliable: ReliableProvisionals;

  constructor(context: EdgeContext, parts: IncomingParts) {
    this.#context = context;
    this.#parts = parts;
    this.#reliable = new ReliableProvisionals(context.clock);
  }

  /** Requests waiting for their final response. */
  get size(): number {
    return this.#open.size;
  }

  /** A request that still waits for its final response. */
  find(id: string): Offer | undefined {
    return this.#open.get(id);
  }

  /** A new request from the network. */
  request(transaction: ServerTransaction, received: ReceivedMessage): void {
    const { method, callId } = transaction;
    const dialogTag = toTag(received.message);
    if (method === "PRACK") this.#reliable.acknowledged(callId, received.message.get("RAck"));
    const session = this.#choose(method, callId, dialogTag);
    if (session === undefined) return this.#unserved(transaction, received);
    if (dialogTag !== undefined && !session.octets)
      this.#parts.dialogs.requestReceived(dialogId(callId, dialogTag), received);
    const offer: Offer = {
      transaction,
      received,
      dialogTag,
      session,
      offers: 1,
      dueMs: this.#dueMs(method),
      localTag: "",
      proxied: false,
    };
    this.#open.set(transaction.id, offer);
    if (method === "INVITE") this.#context.affinity.begin(callId, session);
    this.#deliver(offer);
  }

  /** An ACK to a 2xx, ours or another edge's. */
  ack(ack: ReceivedMessage, transaction: ServerTransaction | null): void {
    const callId = ack.message.get("Call-ID") ?? "";
    const tag = toTag(ack.message);
    const answered = transaction === null ? undefined : this.#answered.get(transaction.id);
    const waiting = answered?.session.ready === true ? answered.session : undefined;
    const session = waiting ?? this.#choose("ACK", callId, tag ?? "");
    if (answered !== undefined) this.#forget(answered);
    if (session === undefined) return;
    const { tokens } = this.#context;
    const dialog = tag === undefined ? "" : dialogId(callId, tag);
    const transactionId = transaction?.id ?? tokens.next();
    session.send(
      incomingFrame(ack, session, { id: tokens.next(), transactionId, dialogId: dialog, redelivered: false }),
    );
  }

  /** The peer cancelled; the endpoint has answered both the CANCEL and the INVITE. */
  cancelled(transaction: ServerTransaction, cancel: ReceivedMessage): void {
    const offer = this.#open.get(transaction.id);
    if (offer === undefined) return;
    this.#close(offer);
    const { session } = offer;
    if (offer.proxied || !session.ready) return;
    const ourTag = offer.dialogTag ?? offer.localTag;
    const dialog = ourTag === "" ? "" : dialogId(transaction.callId, ourTag);
    if (!session.octets && dialog !== "" && offer.dialogTag === undefined) this.#parts.dialogs.remove(dialog);
    const id = this.#context.tokens.next();
    session.send(
      incomingFrame(cancel, session, { id, transactionId: transaction.id, dialogId: dialog, redelivered: false }),
    );
  }

  /** The 2xx was never acknowledged, or could not be delivered at all. */
  acknowledgementMissing(transaction: ServerTransaction): void {
    const answered = this.#answered.get(transaction.id);
    if (answered === undefined) return;
    this.#forget(answered);
    this.#context.counters.ackTimeouts += 1;
    this.#parts.onAckMissing(answered);
  }

  /** A response could not be delivered; the transaction is over. */
  responseLost(transaction: ServerTransaction): void {
    const offer = this.#open.get(transaction.id);
    if (offer !== undefined) this.#close(offer);
    this.acknowledgementMissing(transaction);
  }

  /** A response of an application, which need not be the one the request was offered to. */
  respond(session: AppSession, frame: SipAppFrame, message: SipMessage): void {
    const offer = this.#open.get(frame.transactionId);
    if (offer === undefined || offer.proxied) return this.#refuse(session, frame, "transaction-over");
    if (offer.session !== session) this.#moveTo(offer, session);
    if (message.status === 100) return this.#confirm(session, frame, offer, null);
    const complete = this.#completed(session, offer, message);
    if (typeof complete === "string") return session.reply(frame.id, `NOK|${complete}`);
    const sent = offer.transaction.respond(complete);
    if (!sent.ok) {
      if (sent.error.reason !== "not-a-response") this.#close(offer);
      return this.#refuse(session, frame, sent.error.reason, sent.error.detail);
    }
    this.#responded(offer, complete, sent.value);
    this.#confirm(session, frame, offer, sent.value);
  }

  /** The application handed the request to the proxy, which answers from now on. */
  proxied(offer: Offer): void {
    offer.proxied = true;
    if (offer.transaction.method === "INVITE") this.#context.affinity.end(offer.transaction.callId);
  }

  /** A proxied request got its final response. */
  proxyEnded(offer: Offer): void {
    this.#open.delete(offer.transaction.id);
  }

  /** The application is gone: what it left unanswered is offered to others. */
  lost(session: AppSession): void {
    for (const offer of this.#open.values()) {
      if (offer.session === session && !offer.proxied) this.#offerAgain(offer);
    }
  }

  /** Answers what is overdue. */
  sweep(nowMs: number): void {
    for (const offer of this.#open.values()) {
      if (nowMs >= offer.dueMs && !offer.proxied) this.#answer(offer, 500, "not-answered");
    }
  }

  #choose(method: string, callId: string, dialogTag: string | undefined): AppSession | undefined {
    const { affinity, roster } = this.#context;
    if (dialogTag === undefined) return roster.next(method);
    return (
      affinity.find(callId) ?? this.#parts.dialogs.owner(dialogId(callId, dialogTag)) ?? roster.nextForDialog(method)
    );
  }

  #deliver(offer: Offer): void {
    const { transaction, session, received, dialogTag } = offer;
    const dialog = dialogTag === undefined ? "" : dialogId(transaction.callId, dialogTag);
    const id = this.#context.tokens.next();
    const redelivered = offer.offers > 1;
    session.send(
      incomingFrame(received, session, { id, transactionId: transaction.id, dialogId: dialog, redelivered }),
    );
  }

  #completed(session: AppSession, offer: Offer, message: SipMessage): SipMessage | string {
    if (!session.octets) return this.#parts.stock.complete(offer, message);
    return withTransactionHeaders(message, offer.received.message, () => this.#localTag(offer));
  }

  #responded(offer: Offer, response: SipMessage, sent: SentMessage): void {
    const { transaction, session } = offer;
    if (!session.octets) this.#parts.stock.sent(offer, response);
    if (response.status < 200) {
      offer.dueMs = this.#dueMs(transaction.method);
      return this.#reliable.sent(transaction, response);
    }
    const accepted = transaction.method === "INVITE" && response.status < 300;
    // An accepted INVITE keeps its affinity until the ACK.
    if (accepted) this.#answered.set(transaction.id, { transaction, session, sent });
    this.#close(offer, accepted);
  }

  #confirm(session: AppSession, frame: SipAppFrame, offer: Offer, sent: SentMessage | null): void {
    const id = this.#context.tokens.next();
    if (session.octets) return session.send(formatBriefReply(id, frame.id, offer.transaction.id));
    session.send(this.#parts.stock.reply({ id, to: frame.id, offer, sent }));
  }

  #refuse(session: AppSession, frame: SipAppFrame, reason: string, detail = ""): void {
    session.reply(frame.id, `NOK|${session.octets ? `${reason}: ${detail}` : refusalText(reason, detail)}`);
  }

  #moveTo(offer: Offer, session: AppSession): void {
    offer.session = session;
    if (offer.transaction.method === "INVITE") this.#context.affinity.move(offer.transaction.callId, session);
  }

  #offerAgain(offer: Offer): void {
    const { transaction, dialogTag } = offer;
    const session = this.#choose(transaction.method, transaction.callId, dialogTag);
    if (session === undefined) return this.#answer(offer, 503, "no-application");
    if (offer.offers >= this.#context.settings.maxOffers) return this.#answer(offer, 500, "too-many-offers");
    this.#moveTo(offer, session);
    offer.offers += 1;
    // The peer of a request other than INVITE counts from the first offer on.
    if (transaction.method === "INVITE") offer.dueMs = this.#dueMs("INVITE");
    this.#context.counters.redelivered += 1;
    this.#deliver(offer);
  }

  #unserved(transaction: ServerTransaction, received: ReceivedMessage): void {
    this.#context.counters.answered("no-application", transaction.method);
    this.#respond(transaction, received.message, 503, this.#context.tokens.next());
  }

  #answer(offer: Offer, status: number, why: OwnAnswer): void {
    this.#context.counters.answered(why, offer.transaction.method);
    this.#close(offer);
    this.#respond(offer.transaction, offer.received.message, status, this.#localTag(offer));
  }

  #respond(transaction: ServerTransaction, request: SipMessage, status: number, tag: string): void {
    const retry =
      status === 503 ? { headers: [["Retry-After", String(this.#context.settings.retryAfterS)] as const] } : {};
    transaction.respond(responseTo(request, status, { toTag: tag, ...retry }));
  }

  #localTag(offer: Offer): string {
    if (offer.localTag === "") offer.localTag = this.#context.tokens.next();
    return offer.localTag;
  }

  #dueMs(method: string): number {
    const { settings, clock } = this.#context;
    return clock.now() + (method === "INVITE" ? settings.inviteSilenceMs : settings.nonInviteAnswerMs);
  }

  #close(offer: Offer, keepAffinity = false): void {
    const { transaction } = offer;
    this.#open.delete(transaction.id);
    if (transaction.method !== "INVITE") return;
    this.#reliable.ended(transaction);
    if (!keepAffinity && !offer.proxied) this.#context.affinity.end(transaction.callId);
  }

  #forget(answered: AnsweredInvite): void {
    this.#answered.delete(answered.transaction.id);
    this.#context.affinity.end(answered.transaction.callId);
  }
}
