import type { Clock } from "@tandem/call-control";

/** How long a pool without edges is thought to get one back after the start or a loss, milliseconds: a process is restarted, a name resolved anew. */
const HOPE_MS = 15_000;

/** Requests for a pool none of whose edges is connected wait here for one: an edge that (re)starts costs a call less than a refusal. */
export class AwaitedEdges {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #hopeUntilMs = new Map<string, number>();
  readonly #startedMs: number;

  /** @param waitMs Longest wait of one request. */
  constructor(clock: Clock, waitMs: number) {
    this.#clock = clock;
    this.#waitMs = waitMs;
    this.#startedMs = clock.now();
  }

  /** Resolves when an edge of the pool is connected, or when waiting longer is of no use. */
  wait(pool: string): Promise<void> {
    const nowMs = this.#clock.now();
    const leftMs = Math.min((this.#hopeUntilMs.get(pool) ?? this.#startedMs + HOPE_MS) - nowMs, this.#waitMs);
    return leftMs <= 0 ? Promise.resolve() : this.next(pool, leftMs);
  }

  /** Resolves when an edge of the pool is connected, or after that time. */
  next(pool: string, limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(pool) ?? new Set();
      this.#waiting.set(pool, waiting);
      const end = (): void => {
        cancel();
        waiting.delete(end);
        resolve();
      };
      const cancel = this.#clock.after(limitMs, end);
      waiting.add(end);
    });
  }

  /** An edge of the pool is connected. */
  came(pool: string): void {
    for (const end of this.#waiting.get(pool) ?? []) end();
  }

  /** An edge of the pool is gone. */
  lost(pool: string): void {
    this.#hopeUntilMs.set(pool, this.#clock.now() + HOPE_MS);
  }

  /** No edge will come any more. */
  close(): void {
    for (const pool of this.#waiting.keys()) this.came(pool);
  }
}
