import type { IncomingRequest } from "@tandem/call-control";
import type { SipMessage } from "@tandem/sip";

/** An INVITE that its edge cannot answer any more. */
export interface StrandedInvite {
  readonly request: IncomingRequest;
  /** The final answer that was given and may not have reached the caller; null: none was given. */
  answer: SipMessage | null;
}

/** Longest that a final answer counts as perhaps not arrived, milliseconds: the edge has repeated it twice by then (T1, 2*T1; RFC 3261 §13.3.1.4). */
const ANSWER_DOUBT_MS = 2_000;

/** Longest that an edge waits for any answer to a request, and a little more, milliseconds: then it has answered by itself, and what is here is forgotten. */
const SILENCE_MS = 310_000;

interface Open {
  /** Null: no INVITE. */
  readonly request: IncomingRequest | null;
  /** When it came, or was last answered provisionally. */
  readonly heardMs: number;
  /** Another worker has its call. */
  readonly left: boolean;
}

interface Answered extends StrandedInvite {
  readonly atMs: number;
}

/**
 * What one edge brought to this worker and waits to be answered, INVITEs as another edge would need them: a caller that has a provisional response does not repeat its INVITE (RFC 3261
 * §17.1.1.2), so whoever lost the edge brings it to the next one.
 */
export class ServedRequests {
  /** Longest silent first. */
  readonly #open = new Map<string, Open>();
  /** How many of them another worker has. */
  #left = 0;
  /** Oldest first. */
  readonly #answered = new Map<string, Answered>();

  /** Requests without a final answer that the edge still waits for, and this worker with it. */
  size(nowMs: number): number {
    this.#forgetOld(nowMs);
    return this.#open.size - this.#left;
  }

  /** A request was delivered. */
  delivered(request: IncomingRequest, nowMs: number): void {
    const { message, transaction } = request;
    this.#forgetOld(nowMs);
    this.#hear(transaction.id, { request: message.method === "INVITE" ? request : null, heardMs: nowMs, left: false });
  }

  /** It was answered, provisionally or finally. */
  answered(id: string, answer: SipMessage, nowMs: number): void {
    this.#forgetOld(nowMs);
    const open = this.#open.get(id);
    if (open === undefined) return;
    const { request } = open;
    if (answer.status < 200) return this.#hear(id, { request, heardMs: nowMs, left: false });
    this.#drop(id);
    if (request !== null) this.#answered.set(id, { request, answer, atMs: nowMs });
  }

  /** The caller cancelled it. */
  over(id: string): void {
    this.#drop(id);
  }

  /** Another worker has its call and answers it; should the edge be lost, it is brought to another one from here all the same. */
  left(id: string): void {
    const open = this.#open.get(id);
    if (open === undefined || open.left) return;
    // In its place: it is as old as it was.
    this.#open.set(id, { ...open, left: true });
    this.#left += 1;
  }

  /** The edge is lost: INVITEs that are unanswered, and those answered a moment ago. */
  strand(nowMs: number): readonly StrandedInvite[] {
    this.#forgetOld(nowMs);
    const stranded: StrandedInvite[] = [];
    for (const { request } of this.#open.values()) if (request !== null) stranded.push({ request, answer: null });
    for (const { request, answer } of this.#answered.values()) stranded.push({ request, answer });
    this.#open.clear();
    this.#left = 0;
    this.#answered.clear();
    return stranded;
  }

  #hear(id: string, open: Open): void {
    this.#drop(id);
    this.#open.set(id, open);
  }

  #drop(id: string): void {
    if (this.#open.get(id)?.left === true) this.#left -= 1;
    this.#open.delete(id);
  }

  #forgetOld(nowMs: number): void {
    for (const [id, { heardMs }] of this.#open) {
      if (nowMs - heardMs < SILENCE_MS) break;
      this.#drop(id);
    }
    for (const [id, { atMs }] of this.#answered) {
      if (nowMs - atMs < ANSWER_DOUBT_MS) break;
      this.#answered.delete(id);
    }
  }
}
