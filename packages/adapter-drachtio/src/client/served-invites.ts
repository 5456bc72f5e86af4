import type { IncomingRequest } from "@tandem/call-control";
import type { SipMessage } from "@tandem/sip";

/** An INVITE that its edge cannot answer any more. */
export interface StrandedInvite {
  readonly request: IncomingRequest;
  /** The final answer that was given and may not have reached the caller; null: none was given. */
  readonly answer: SipMessage | null;
}

/** Longest that a final answer counts as perhaps not arrived, milliseconds: the edge has repeated it twice by then (T1, 2*T1; RFC 3261 §13.3.1.4). */
const ANSWER_DOUBT_MS = 2_000;

interface Answered extends StrandedInvite {
  readonly atMs: number;
}

/**
 * The INVITEs that one edge brought to this worker, as another edge would need them: a caller that has a provisional response does not repeat its INVITE (RFC 3261
 * §17.1.1.2), so whoever lost the edge brings it to the next one.
 */
export class ServedInvites {
  readonly #open = new Map<string, IncomingRequest>();
  /** Oldest first. */
  readonly #answered = new Map<string, Answered>();

  /** A request was delivered. */
  delivered(request: IncomingRequest): void {
    if (request.message.method === "INVITE") this.#open.set(request.transaction.id, request);
  }

  /** A final answer was given. */
  answered(id: string, answer: SipMessage, nowMs: number): void {
    const request = this.#open.get(id);
    this.#forgetOld(nowMs);
    if (request === undefined) return;
    this.#open.delete(id);
    this.#answered.set(id, { request, answer, atMs: nowMs });
  }

  /** The caller cancelled it. */
  over(id: string): void {
    this.#open.delete(id);
  }

  /** The edge is gone: what is unanswered, and what was answered a moment ago. */
  strand(nowMs: number): readonly StrandedInvite[] {
    this.#forgetOld(nowMs);
    const open = [...this.#open.values()].map((request) => ({ request, answer: null }));
    const stranded = [...open, ...this.#answered.values()];
    this.#open.clear();
    this.#answered.clear();
    return stranded;
  }

  #forgetOld(nowMs: number): void {
    for (const [id, { atMs }] of this.#answered) {
      if (nowMs - atMs < ANSWER_DOUBT_MS) return;
      this.#answered.delete(id);
    }
  }
}
