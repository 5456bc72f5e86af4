import type { Call, CallEvent, TransactionId } from "@tandem/domain";
import { readTag, topVia, type SipMessage } from "@tandem/sip";

/** A peer's request that an event carries and that must be answered, whatever becomes of the call. */
export function requestOf(
  event: CallEvent,
): { readonly transaction: TransactionId; readonly request: SipMessage } | null {
  switch (event.kind) {
    case "invite":
    case "redelivered":
    case "replacing-invite":
      return event;
    case "request":
      return event.request.method === "ACK" ? null : event;
    default:
      return null;
  }
}

/** The INVITE that made the call, as against one in a dialog. */
export function isFirstInvite(message: SipMessage): boolean {
  return message.kind === "request" && message.method === "INVITE" && readTag(message.get("To") ?? "") === undefined;
}

const MOST_LEFT = 8;

/**
 * Requests of peers without a final response from this process. A request may come by several ways (another edge, another delivery): then it
 * is answered by the last one only, because the peer that gets two answers to one request takes the first for the end.
 */
export class OpenRequests {
  readonly #open = new Map<TransactionId, SipMessage>();
  /** INVITEs by a way that another took the place of: their sender may still wait for an end of that transaction. */
  readonly #left = new Map<TransactionId, SipMessage>();

  get all(): Iterable<readonly [TransactionId, SipMessage]> {
    return this.#open;
  }

  get(transaction: TransactionId): SipMessage | undefined {
    return this.#open.get(transaction);
  }

  /** Takes the request of an event, in the place of its copies. */
  add(event: CallEvent): void {
    const carried = requestOf(event);
    if (carried === null) return;
    const { transaction, request } = carried;
    for (const [older, open] of this.#open) {
      const isCopy = open.get("CSeq") === request.get("CSeq") && open.get("From") === request.get("From");
      if (!isCopy) continue;
      this.#open.delete(older);
      if (isFirstInvite(open) && topVia(open)?.branch !== topVia(request)?.branch) this.#leave(older, open);
    }
    this.#open.set(transaction, request);
  }

  /** Of a sender that makes ever more ways the edge ends the oldest by itself. */
  #leave(transaction: TransactionId, invite: SipMessage): void {
    const [oldest] = this.#left.keys();
    if (oldest !== undefined && this.#left.size >= MOST_LEFT) this.#left.delete(oldest);
    this.#left.set(transaction, invite);
  }

  /** False when the request was not open (any more). */
  close(transaction: TransactionId): boolean {
    this.#left.delete(transaction);
    return this.#open.delete(transaction);
  }

  /** INVITEs by ways that are not answered any more, to be ended now. */
  takeLeft(): readonly (readonly [TransactionId, SipMessage])[] {
    const left = [...this.#left];
    this.#left.clear();
    return left;
  }

  /** Drops copies of the caller's INVITE that the record does not name: it is answered elsewhere. */
  closeCopies(call: Call, event: CallEvent): void {
    if (this.#open.size === 0 || call.phase === "new") return;
    const current = event.kind === "redelivered" ? event.transaction : call.caller?.transaction;
    const own = requestOf(event)?.transaction;
    for (const [transaction, request] of this.#open) {
      if (transaction !== current && transaction !== own && isFirstInvite(request)) this.#open.delete(transaction);
    }
  }
}
