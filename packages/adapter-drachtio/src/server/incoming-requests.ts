import { formatMessage, responseTo, type SipMessage } from "@tandem/sip";
import type { AdoptedArrival, ReceivedMessage, SentMessage, ServerTransaction } from "@tandem/sip-endpoint";
import { cancelOf } from "../made-up-cancel.ts";
import { AnsweredInvites } from "./answered-invites.ts";
import type { Application } from "./application.ts";
import { dialogId } from "./dialog-id.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { OwnAnswer } from "./edge-counters.ts";
import type { EdgeContext } from "./edge-context.ts";
import { EndedInvites } from "./ended-invites.ts";
import { withTransactionHeaders } from "./octets-response.ts";
import { newOffer, type Answered, type AnsweredInvite, type Offer } from "./offer.ts";
import { ReliableProvisionals } from "./reliable-provisionals.ts";
import type { StockDialogs } from "./stock/stock-dialogs.ts";
import type { StockResponses } from "./stock/stock-responses.ts";

/** What the server side needs beyond the shared context. */
export interface IncomingParts {
  readonly dispatcher: Dispatcher;
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
  readonly #answered: AnsweredInvites;
  readonly #reliable: ReliableProvisionals;
  readonly #ended = new EndedInvites();
  #draining = false;

  constructor(context: EdgeContext, parts: IncomingParts) {
    this.#context = context;
    this.#parts = parts;
    this.#answered = new AnsweredInvites(context.affinity);
    this.#reliable = new ReliableProvisionals(context.clock);
  }

  /** Requests waiting for their final response. */
  get size(): number {
    return this.#open.size;
  }

  /** INVITEs answered with 2xx whose ACK has not come: the 2xx is repeated. */
  get unacknowledged(): number {
    return this.#answered.size;
  }

  /** INVITEs that an edge which ends waits for. */
  get held(): number {
    let count = this.#answered.held;
    for (const { held } of this.#open.values()) if (held) count += 1;
    return count;
  }

  /** A request of an emergency call, whichever application says so. */
  hold(id: string): void {
    const offer = this.#open.get(id);
    if (offer?.transaction.method === "INVITE") offer.held = true;
  }

  /** It came again by another edge, which is to answer it. */
  unhold(id: string): void {
    const offer = this.#open.get(id);
    if (offer !== undefined) offer.held = false;
    this.#answered.unhold(id);
  }

  /** Requests that wait for this application's final response. */
  waitingFor(session: Application): number {
    let count = 0;
    for (const offer of this.#open.values()) if (offer.session === session && !offer.proxied) count += 1;
    return count;
  }

  /** A request that still waits for its final response. */
  find(id: string): Offer | undefined {
    return this.#open.get(id);
  }

  /** A new request from the network. */
  request(transaction: ServerTransaction, received: ReceivedMessage): void {
    const { method, callId } = transaction;
    if (method === "PRACK") this.#reliable.acknowledged(callId, received.message.get("RAck"));
    const offer = this.#newOffer(transaction, received);
    if (method === "INVITE" && offer.dialogTag === undefined) this.#context.calls.count(this.#context.clock.now());
    const isPing = method === "OPTIONS" && offer.dialogTag === undefined;
    if (this.#draining && isPing) this.#answerByItself(offer, 503, "draining");
    else if (!this.#parts.dispatcher.offer(offer)) this.#answerByItself(offer, 503, "no-application");
  }

  /** The edge is to end: whoever asks by OPTIONS whether it serves (RFC 3261 §11) shall send elsewhere. Everything else is served as before. */
  drain(): void {
    this.#draining = true;
  }

  /** A worker goes on here with an INVITE that another edge received and can answer no more. @returns the transaction's id; empty: it is here already, for its sender repeated it, or had its end here; null: that cannot be. */
  adopt(session: Application, invite: SipMessage, arrival: AdoptedArrival): string | null {
    if (this.#ended.has(invite, this.#context.clock.now())) return "";
    const adopted = this.#context.endpoint().adoptInvite(invite, arrival);
    if (adopted === null) return this.#context.endpoint().knowsInvite(invite) ? "" : null;
    const offer = this.#newOffer(adopted.transaction, adopted.received);
    offer.offers = 1;
    this.#parts.dispatcher.moveTo(offer, session);
    this.#context.counters.adopted += 1;
    return adopted.transaction.id;
  }

  /** An ACK to a 2xx, ours or another edge's. */
  ack(ack: ReceivedMessage, transaction: ServerTransaction | null): void {
    const answered = transaction === null ? undefined : this.#answered.take(transaction);
    const isThere = answered?.session.ready === true && !answered.session.still;
    this.#parts.dispatcher.ack(ack, transaction, isThere ? answered.session : undefined);
  }

  /** The ACK to a 2xx of ours came by another edge. */
  acknowledgedElsewhere(id: string): void {
    this.#answered.acknowledgedElsewhere(id);
  }

  /** The peer cancelled; the endpoint has answered both the CANCEL and the INVITE. */
  cancelled(transaction: ServerTransaction, cancel: ReceivedMessage): void {
    const offer = this.#open.get(transaction.id);
    if (offer === undefined) return;
    this.#end(offer);
    const { session } = offer;
    if (offer.proxied || session?.ready !== true) return;
    const ourTag = offer.dialogTag ?? offer.localTag;
    const dialog = ourTag === "" ? "" : dialogId(transaction.callId, ourTag);
    if (!session.octets && dialog !== "" && offer.dialogTag === undefined) this.#parts.dialogs.remove(dialog);
    session.deliver(cancel, { transactionId: transaction.id, dialogId: dialog, redelivered: false });
  }

  /** The 2xx was never acknowledged, or could not be delivered at all. */
  acknowledgementMissing(transaction: ServerTransaction): void {
    const answered = this.#answered.take(transaction);
    if (answered === undefined) return;
    this.#context.counters.ackTimeouts += 1;
    this.#parts.onAckMissing(answered);
  }

  /** A response could not be delivered; the transaction is over. */
  responseLost(transaction: ServerTransaction): void {
    const offer = this.#open.get(transaction.id);
    if (offer !== undefined) this.#close(offer);
    this.acknowledgementMissing(transaction);
  }

  /** Gives a response of an application, which need not be the one the request was offered to. */
  answer(session: Application, transactionId: string, message: SipMessage): Answered {
    const offer = this.#open.get(transactionId);
    if (offer === undefined || offer.proxied) return { ok: false, reason: "transaction-over", detail: "" };
    if (offer.session !== session) this.#parts.dispatcher.moveTo(offer, session);
    if (message.status === 100) return { ok: true, offer, sent: null };
    const complete = this.#completed(session, offer, message);
    if (typeof complete === "string") return { ok: false, reason: "incomplete", detail: complete };
    const sent = offer.transaction.respond(complete);
    if (!sent.ok) {
      if (sent.error.reason !== "not-a-response") this.#close(offer);
      return { ok: false, ...sent.error };
    }
    this.#responded(offer, session, { response: complete, sent: sent.value });
    return { ok: true, offer, sent: sent.value };
  }

  /** The application handed the request to the proxy, which answers from now on. */
  proxied(offer: Offer): void {
    offer.proxied = true;
    this.#parts.dispatcher.release(offer);
  }

  /** A proxied request got its final response. */
  proxyEnded(offer: Offer): void {
    this.#open.delete(offer.transaction.id);
  }

  /** The application is gone: what it left unanswered is offered to others. */
  lost(session: Application): void {
    for (const offer of this.#open.values()) {
      if (offer.session === session && !offer.proxied) this.#offerAgain(offer);
    }
  }

  /**
   * The edge closes. Workers that said so go on by another edge with the INVITEs that can be answered from there: those get no answer from here. Others get 503, and
   * their workers hear that they are over.
   */
  leaveToOthers(): void {
    for (const offer of this.#open.values()) {
      const { session, transaction, received, proxied } = offer;
      if (proxied || session?.ready !== true || session.local || !session.octets) continue;
      if (transaction.method !== "INVITE") continue;
      const isMovable = received.source.transport === "udp" && !session.still && this.#context.roster.moves(session);
      if (isMovable) this.#close(offer);
      else this.#giveUp(offer, session);
    }
  }

  /** Answers what is overdue; what waits for an application that stands still is offered to another. */
  sweep(nowMs: number): void {
    for (const offer of this.#open.values()) {
      if (offer.proxied) continue;
      if (offer.session === null) {
        if (nowMs >= offer.parkedUntilMs) this.#answerByItself(offer, 503, "no-application");
      } else if (nowMs >= offer.dueMs) this.#answerByItself(offer, 500, "not-answered");
      else if (offer.session.still && this.#mayMoveOn(offer)) this.#parts.dispatcher.offerElsewhere(offer);
    }
  }

  /**
   * Only what the application may not even have read: an INVITE that begins a call and has no response. It may answer yet, which does no harm: both go on from one record, and
   * one answer goes out. The last offer is kept for the loss of a worker.
   */
  #mayMoveOn({ transaction, dialogTag, progressed, offers }: Offer): boolean {
    const isNewCall = transaction.method === "INVITE" && dialogTag === undefined;
    return isNewCall && !progressed && offers < this.#context.settings.maxOffers - 1;
  }

  #newOffer(transaction: ServerTransaction, received: ReceivedMessage): Offer {
    const offer = newOffer(transaction, received, this.#dueMs(transaction.method));
    this.#open.set(transaction.id, offer);
    return offer;
  }

  #completed(session: Application, offer: Offer, message: SipMessage): SipMessage | string {
    if (!session.octets) return this.#parts.stock.complete(offer, message);
    return withTransactionHeaders(message, offer.received.message, () => this.#localTag(offer));
  }

  #responded(
    offer: Offer,
    session: Application,
    { response, sent }: { readonly response: SipMessage; readonly sent: SentMessage },
  ): void {
    const { transaction } = offer;
    if (!session.octets) this.#parts.stock.sent(offer, session, response);
    if (response.status < 200) {
      offer.progressed = true;
      offer.dueMs = this.#dueMs(transaction.method);
      return this.#reliable.sent(transaction, response);
    }
    if (transaction.method === "INVITE" && response.status < 300) {
      // An accepted INVITE keeps its affinity until the ACK.
      offer.holdsAffinity = false;
      this.#answered.add({ transaction, session, sent, held: offer.held });
      this.#close(offer);
    } else this.#end(offer);
  }

  #offerAgain(offer: Offer): void {
    if (offer.offers >= this.#context.settings.maxOffers) return this.#answerByItself(offer, 500, "too-many-offers");
    // The peer of a request other than INVITE counts from the first offer on.
    if (offer.transaction.method === "INVITE") offer.dueMs = this.#dueMs("INVITE");
    if (!this.#parts.dispatcher.offer(offer)) this.#answerByItself(offer, 503, "no-application");
  }

  #answerByItself(offer: Offer, status: number, why: OwnAnswer): void {
    const { transaction, received } = offer;
    this.#context.counters.answered(why, transaction.method);
    this.#end(offer);
    const retry =
      status === 503 ? { headers: [["Retry-After", String(this.#context.settings.retryAfterS)] as const] } : {};
    transaction.respond(responseTo(received.message, status, { toTag: this.#localTag(offer), ...retry }));
  }

  #giveUp(offer: Offer, session: Application): void {
    const { transaction, received } = offer;
    this.#answerByItself(offer, 503, "no-application");
    const message = cancelOf(received.message, "Edge closed");
    const cancel = { ...received, message, text: formatMessage(message) };
    session.deliver(cancel, { transactionId: transaction.id, dialogId: "", redelivered: false });
  }

  #localTag(offer: Offer): string {
    if (offer.localTag === "") offer.localTag = this.#context.tokens.next();
    return offer.localTag;
  }

  #dueMs(method: string): number {
    const { settings, clock } = this.#context;
    return clock.now() + (method === "INVITE" ? settings.inviteSilenceMs : settings.nonInviteAnswerMs);
  }

  /** Its sender was told that nothing comes of it. */
  #end(offer: Offer): void {
    this.#ended.add(offer, this.#context.clock.now());
    this.#close(offer);
  }

  #close(offer: Offer): void {
    const { transaction } = offer;
    this.#open.delete(transaction.id);
    if (transaction.method === "INVITE") this.#reliable.ended(transaction);
    this.#parts.dispatcher.release(offer);
  }
}
