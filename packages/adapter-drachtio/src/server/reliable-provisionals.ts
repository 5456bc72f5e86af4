import { parseCSeq, parseRAck, parseRSeq, type SipMessage } from "@tandem/sip";
import type { ServerTransaction } from "@tandem/sip-endpoint";
import type { EdgeClock } from "./edge-context.ts";

interface Unacknowledged {
  readonly transaction: ServerTransaction;
  readonly response: SipMessage;
  readonly sequence: number;
  readonly responseNumber: number;
  intervalMs: number;
  cancelTimer: () => void;
}

/** T1 of RFC 3261, the first interval of RFC 3262 §3. */
const FIRST_INTERVAL_MS = 500;
/** 64*T1: RFC 3262 §3 gives up then. */
const GIVE_UP_MS = 32_000;

/**
 * Repeats reliable provisional responses (those with RSeq) until their PRACK comes, the INVITE is answered, or 64*T1 passed (RFC 3262 §3).
 * What a missing PRACK means for the call is the application's matter.
 */
export class ReliableProvisionals {
  readonly #clock: EdgeClock;
  readonly #byCall = new Map<string, Unacknowledged[]>();

  constructor(clock: EdgeClock) {
    this.#clock = clock;
  }

  /** A provisional response went out; nothing happens unless it is reliable. */
  sent(transaction: ServerTransaction, response: SipMessage): void {
    const rseq = response.get("RSeq");
    if (rseq === undefined) return;
    const responseNumber = parseRSeq(rseq);
    const sequence = parseCSeq(response.get("CSeq") ?? "")?.sequence;
    if (responseNumber === undefined || sequence === undefined) return;
    const entry: Unacknowledged = {
      transaction,
      response,
      sequence,
      responseNumber,
      intervalMs: FIRST_INTERVAL_MS,
      cancelTimer: () => undefined,
    };
    this.#byCall.set(transaction.callId, [...(this.#byCall.get(transaction.callId) ?? []), entry]);
    this.#arm(entry);
  }

  /** A PRACK arrived: the response it names is not repeated any more. */
  acknowledged(callId: string, rack: string | undefined): void {
    const named = rack === undefined ? undefined : parseRAck(rack);
    if (named === undefined) return;
    this.#drop(callId, (entry) => entry.responseNumber === named.responseNumber && entry.sequence === named.sequence);
  }

  /** The INVITE got its final response. */
  ended(transaction: ServerTransaction): void {
    if (this.#byCall.has(transaction.callId)) {
      this.#drop(transaction.callId, (entry) => entry.transaction === transaction);
    }
  }

  #arm(entry: Unacknowledged): void {
    entry.cancelTimer = this.#clock.after(entry.intervalMs, () => this.#repeat(entry));
  }

  #repeat(entry: Unacknowledged): void {
    // The intervals double, so what has passed since the first sending is the interval minus the first one.
    const passedMs = entry.intervalMs * 2 - FIRST_INTERVAL_MS;
    entry.intervalMs *= 2;
    if (passedMs >= GIVE_UP_MS || !entry.transaction.respond(entry.response).ok) {
      return this.#drop(entry.transaction.callId, (each) => each === entry);
    }
    this.#arm(entry);
  }

  #drop(callId: string, matches: (entry: Unacknowledged) => boolean): void {
    const entries = this.#byCall.get(callId) ?? [];
    const left = entries.filter((entry) => !matches(entry));
    for (const entry of entries) if (!left.includes(entry)) entry.cancelTimer();
    if (left.length > 0) this.#byCall.set(callId, left);
    else this.#byCall.delete(callId);
  }
}
