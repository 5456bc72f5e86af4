import type { ClientEvents } from "@tandem/call-control";
import type { Failure } from "@tandem/domain";

/** A client transaction as this worker knows it. */
export interface PendingTransaction {
  readonly method: string;
  readonly events: ClientEvents;
}

/** How long further 2xx to an INVITE may follow the first (64*T1, RFC 3261 §13.2.2.4), milliseconds. */
const FORK_WINDOW_MS = 32_000;

/**
 * The client transactions of one edge connection: pending ones, and INVITEs already answered with 2xx, whose forks may still answer.
 * The latter are forgotten by turning over two generations, so no transaction needs a timer.
 */
export class PendingTransactions {
  readonly #pending = new Map<string, PendingTransaction>();
  #answered = new Map<string, PendingTransaction>();
  #answeredBefore = new Map<string, PendingTransaction>();
  #turnedMs: number;

  constructor(nowMs: number) {
    this.#turnedMs = nowMs;
  }

  /** Transactions still waiting for a final response. */
  get size(): number {
    return this.#pending.size;
  }

  /** Those that somebody waits for: a probe's OPTIONS may stay unanswered for 64*T1, and nobody misses its answer. */
  get awaited(): number {
    let count = 0;
    for (const { method } of this.#pending.values()) if (method !== "OPTIONS") count += 1;
    return count;
  }

  add(id: string, transaction: PendingTransaction): void {
    this.#pending.set(id, transaction);
  }

  find(id: string): PendingTransaction | undefined {
    return this.#pending.get(id) ?? this.#answered.get(id) ?? this.#answeredBefore.get(id);
  }

  /** A final response came; nothing more is expected but further 2xx of an INVITE that was answered. */
  finish(id: string, status: number, nowMs: number): void {
    const transaction = this.#pending.get(id);
    if (transaction === undefined) return;
    this.#pending.delete(id);
    if (transaction.method !== "INVITE" || status >= 300) return;
    if (nowMs - this.#turnedMs > FORK_WINDOW_MS) {
      this.#answeredBefore = this.#answered;
      this.#answered = new Map();
      this.#turnedMs = nowMs;
    }
    this.#answered.set(id, transaction);
  }

  /** Tells every pending transaction that no final response will come, and forgets all. */
  failAll(failure: Failure): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#answered.clear();
    this.#answeredBefore.clear();
    for (const transaction of pending) transaction.events.onFailure(failure);
  }
}
