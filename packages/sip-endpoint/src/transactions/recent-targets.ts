import type { Target } from "../next-hop/target.ts";

/** Remembered at a time; of more, the oldest are forgotten. */
const REMEMBERED = 1_000;
const REMEMBERED_MS = 600_000;

/** Targets of which something was found out lately, so that it need not be found out with every request. Two with the same key are one. */
export class RecentTargets {
  private readonly until = new Map<string, number>();
  private readonly now: () => number;
  private readonly keyOf: (target: Target) => string;

  /** `now`: monotonic, milliseconds. */
  constructor(now: () => number, keyOf: (target: Target) => string) {
    this.now = now;
    this.keyOf = keyOf;
  }

  get none(): boolean {
    return this.until.size === 0;
  }

  note(target: Target): void {
    const key = this.keyOf(target);
    this.until.delete(key);
    this.until.set(key, this.now() + REMEMBERED_MS);
    const oldest = this.until.keys().next();
    if (this.until.size > REMEMBERED && oldest.done !== true) this.until.delete(oldest.value);
  }

  /** It is not so any more. */
  forget(target: Target): void {
    if (!this.none) this.until.delete(this.keyOf(target));
  }

  has(target: Target): boolean {
    const until = this.until.get(this.keyOf(target));
    return until !== undefined && this.now() < until;
  }
}
