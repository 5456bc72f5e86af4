import type { Clock } from "../src/timers/clock.ts";

interface Repeating {
  readonly periodMs: number;
  readonly tick: () => void;
  dueAt: number;
}

/** A clock that only moves when told. */
export class FakeClock implements Clock {
  private time = 0;
  private readonly repeating = new Set<Repeating>();

  now(): number {
    return 1_700_000_000_000 + this.time;
  }

  monotonic(): number {
    return this.time;
  }

  every(periodMs: number, tick: () => void): () => void {
    const entry = { periodMs, tick, dueAt: this.time + periodMs };
    this.repeating.add(entry);
    return () => this.repeating.delete(entry);
  }

  /** How many repeating timers run. */
  get running(): number {
    return this.repeating.size;
  }

  /** Moves time on, tick by tick, letting everything that waits on promises happen in between. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      const next = [...this.repeating].sort((one, other) => one.dueAt - other.dueAt)[0];
      if (next === undefined || next.dueAt > end) break;
      this.time = Math.max(this.time, next.dueAt);
      next.dueAt += next.periodMs;
      next.tick();
      await settled();
    }
    this.time = end;
  }

  /** As `advance`, in one jump: what a stalled process sees. */
  jump(ms: number): void {
    this.time += ms;
    for (const entry of this.repeating) {
      if (entry.dueAt > this.time) continue;
      entry.dueAt = this.time + entry.periodMs;
      entry.tick();
    }
  }
}

/** Resolves when everything that was ready to happen has happened. */
export function settled(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}
