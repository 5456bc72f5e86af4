import { looksLikeEmergency, parseReplaces } from "@tandem/sip";
import type { ReceivedMessage, ServerTransaction } from "@tandem/sip-endpoint";
import type { Application } from "./application.ts";
import { dialogId, toTag } from "./dialog-id.ts";
import type { EdgeContext } from "./edge-context.ts";
import type { Offer } from "./offer.ts";
import type { StockDialogs } from "./stock/stock-dialogs.ts";

/** An ACK that waits for a worker. */
interface ParkedAck {
  readonly ack: ReceivedMessage;
  readonly transaction: ServerTransaction | null;
  readonly untilMs: number;
}

/** An ACK as it was brought to an application. */
interface DeliveredAck {
  readonly ack: ReceivedMessage;
  readonly transaction: ServerTransaction | null;
  readonly session: Application;
  readonly atMs: number;
}

/** How long an ACK may wait in a worker that is busy, or whose store fails over, milliseconds. */
const ACK_MEMORY_MS = 8_000;

/**
 * Chooses the application for a request and brings it there. When none takes it and a worker was lost or the edge begun a moment ago, it waits for one
 * to come (back): a restarted process or a connection made anew costs a caller less than a refusal.
 */
export class Dispatcher {
  readonly #context: EdgeContext;
  readonly #dialogs: StockDialogs;
  #parked = new Set<Offer>();
  #acks: ParkedAck[] = [];
  /** ACKs delivered lately, oldest first. No answer tells whether they were taken, and no peer sends them again. */
  #delivered: DeliveredAck[] = [];
  /** Clock time up to which requests may wait, milliseconds. */
  #openUntilMs: number;
  #closed = false;

  constructor(context: EdgeContext, dialogs: StockDialogs) {
    this.#context = context;
    this.#dialogs = dialogs;
    // An edge that begins again is found by its peers before its workers are back.
    this.#openUntilMs = context.clock.now() + context.settings.parkMs;
  }

  /** Brings the request to an application, or lets it wait for one. False: neither is possible. */
  offer(offer: Offer): boolean {
    const { transaction, dialogTag } = offer;
    const session = this.#havingReplaced(offer) ?? this.#choose(transaction.method, transaction.callId, dialogTag);
    if (session === undefined) return this.#park(offer);
    this.#bring(offer, session);
    return true;
  }

  /** Brings a request out of a dialog to another application than the one that stands still, if there is one: an emergency call to one that stands aside, too. */
  offerElsewhere(offer: Offer): void {
    const { roster } = this.#context;
    const routed = roster.next(offer.transaction.method);
    const isUrgent = routed?.still === true && looksLikeEmergency(offer.received.message);
    const session = isUrgent ? roster.nextAside() : routed;
    if (session?.still === false) this.#bring(offer, session);
  }

  #bring(offer: Offer, session: Application): void {
    const { transaction, received, dialogTag } = offer;
    if (dialogTag !== undefined && !session.octets) {
      this.#dialogs.requestReceived(dialogId(transaction.callId, dialogTag), received);
    }
    this.moveTo(offer, session);
    offer.offers += 1;
    if (offer.offers > 1) this.#context.counters.redelivered += 1;
    session.deliver(received, {
      transactionId: transaction.id,
      dialogId: dialogTag === undefined ? "" : dialogId(transaction.callId, dialogTag),
      redelivered: offer.offers > 1,
    });
  }

  /** The application answers for the request from now on. */
  moveTo(offer: Offer, session: Application): void {
    this.#parked.delete(offer);
    offer.session = session;
    const { method, callId } = offer.transaction;
    if (method !== "INVITE") return;
    if (offer.holdsAffinity) return this.#context.affinity.move(callId, session);
    offer.holdsAffinity = true;
    this.#context.affinity.begin(callId, session);
  }

  /** The request needs no application any more. */
  release(offer: Offer): void {
    this.#parked.delete(offer);
    if (!offer.holdsAffinity) return;
    offer.holdsAffinity = false;
    this.#context.affinity.end(offer.transaction.callId);
  }

  /** Brings an ACK to the application that waits for it, else to the one that has the call, else to any. */
  ack(ack: ReceivedMessage, transaction: ServerTransaction | null, waiting: Application | undefined): void {
    const callId = ack.message.get("Call-ID") ?? "";
    const tag = toTag(ack.message);
    const session = waiting ?? this.#choose("ACK", callId, tag ?? "");
    const { tokens, clock } = this.#context;
    if (session === undefined) {
      if (this.#mayPark()) this.#acks.push({ ack, transaction, untilMs: Math.max(this.#openUntilMs, clock.now()) });
      return;
    }
    this.#noteAck({ ack, transaction, session, atMs: clock.now() });
    session.deliver(ack, {
      transactionId: transaction?.id ?? tokens.next(),
      dialogId: tag === undefined ? "" : dialogId(callId, tag),
      redelivered: false,
    });
  }

  /** An application registered a route: what waits is offered. */
  applicationCame(): void {
    if (this.#parked.size === 0 && this.#acks.length === 0) return;
    const nowMs = this.#context.clock.now();
    const parked = this.#parked;
    const acks = this.#acks;
    this.#parked = new Set();
    this.#acks = [];
    for (const { ack, transaction, untilMs } of acks) if (nowMs <= untilMs) this.ack(ack, transaction, undefined);
    for (const offer of parked) if (!this.offer(offer)) this.#parked.add(offer);
  }

  /** A worker is gone: another may come, and gets the ACKs that the lost one may not have taken. */
  workerLost(lost: Application): void {
    const { settings, clock } = this.#context;
    this.#openUntilMs = clock.now() + settings.parkMs;
    const delivered = this.#delivered;
    this.#delivered = delivered.filter(({ session }) => session !== lost);
    const sinceMs = clock.now() - ACK_MEMORY_MS;
    for (const { ack, transaction, session, atMs } of delivered) {
      if (session === lost && atMs >= sinceMs) this.ack(ack, transaction, undefined);
    }
  }

  /** A worker stands still: another gets the ACKs that it may not have taken, for no peer sends them again. One that has them already knows them. */
  workerStill(still: Application): void {
    const delivered = this.#delivered;
    this.#delivered = delivered.filter(({ session }) => session !== still);
    const sinceMs = this.#context.clock.now() - ACK_MEMORY_MS;
    for (const note of delivered) {
      if (note.session !== still || note.atMs < sinceMs) continue;
      const other = this.#choose("ACK", note.ack.message.get("Call-ID") ?? "", toTag(note.ack.message) ?? "");
      if (other?.still === false) this.ack(note.ack, note.transaction, other);
      else this.#delivered.push(note);
    }
  }

  #noteAck(delivered: DeliveredAck): void {
    // Only one that keeps its own dialogs knows a repeated ACK; in this process none is lost on the way.
    if (!delivered.session.octets || delivered.session.local) return;
    const old = this.#delivered.findIndex(({ atMs }) => atMs >= delivered.atMs - ACK_MEMORY_MS);
    if (old !== 0) this.#delivered.splice(0, old < 0 ? this.#delivered.length : old);
    this.#delivered.push(delivered);
  }

  /** Nobody waits from now on. */
  close(): void {
    this.#closed = true;
    this.#acks = [];
  }

  /**
   * An INVITE that picks up a call which rings (RFC 3891 §3) belongs to who sets that one up: no other application can cancel what rings, nor knows yet what is not
   * stored.
   */
  #havingReplaced({ transaction, received, dialogTag }: Offer): Application | undefined {
    const isNewCall = transaction.method === "INVITE" && dialogTag === undefined;
    const value = isNewCall ? received.message.get("Replaces") : undefined;
    const replaced = value === undefined ? undefined : parseReplaces(value);
    const session = replaced && this.#context.affinity.find(replaced.callId);
    return session?.still === true ? undefined : session;
  }

  #choose(method: string, callId: string, dialogTag: string | undefined): Application | undefined {
    const { affinity, roster } = this.#context;
    if (dialogTag === undefined) return this.#setsUp(method, callId) ?? roster.next(method);
    const settingUp = affinity.find(callId);
    return (
      (settingUp?.still === true ? undefined : settingUp) ??
      this.#dialogs.owner(dialogId(callId, dialogTag)) ??
      roster.nextForDialog(method)
    );
  }

  /** The same INVITE by another way (RFC 3263 §4.3) belongs to whoever serves the first. */
  #setsUp(method: string, callId: string): Application | undefined {
    const session = method === "INVITE" ? this.#context.affinity.serving(callId) : undefined;
    return session?.still === true ? undefined : session;
  }

  #park(offer: Offer): boolean {
    if (!this.#mayPark() || !this.#isWorthWaiting(offer)) return false;
    offer.session = null;
    offer.parkedUntilMs = this.#openUntilMs;
    this.#parked.add(offer);
    return true;
  }

  /** A ping wants the truth of this moment, and who serves other methods only will not take this one later. */
  #isWorthWaiting({ transaction, dialogTag }: Offer): boolean {
    return dialogTag !== undefined || (transaction.method !== "OPTIONS" && !this.#context.roster.serves);
  }

  #mayPark(): boolean {
    const { settings, clock } = this.#context;
    if (this.#closed || clock.now() >= this.#openUntilMs) return false;
    return this.#parked.size + this.#acks.length < settings.maxParked;
  }
}
