import type { Target } from "../next-hop/target.ts";

const REMEMBERED = 1_000;
const SILENCE_MS = 600_000;

/**
 * Addresses that answered nothing when they were asked last. Of a name with several addresses the others are asked first (RFC 3263 §4.3), for who sends a request may
 * give it up before a silent address has had the time of a transaction. None is left out, so nothing is lost where all are silent.
 */
export class SilentAddresses {
  private readonly until = new Map<string, number>();
  private readonly now: () => number;

  /** `now`: monotonic, milliseconds. */
  constructor(now: () => number) {
    this.now = now;
  }

  note(target: Target): void {
    const key = keyOf(target);
    this.until.delete(key);
    this.until.set(key, this.now() + SILENCE_MS);
    const oldest = this.until.keys().next();
    if (this.until.size > REMEMBERED && oldest.done !== true) this.until.delete(oldest.value);
  }

  /** It answered. */
  forget(target: Target): void {
    if (this.until.size > 0) this.until.delete(keyOf(target));
  }

  /** The same targets, those that are silent last. */
  last(targets: readonly Target[]): readonly Target[] {
    if (this.until.size === 0 || targets.length < 2) return targets;
    const isSilent = (target: Target): boolean => (this.until.get(keyOf(target)) ?? 0) > this.now();
    return [...targets.filter((target) => !isSilent(target)), ...targets.filter(isSilent)];
  }
}

function keyOf({ transport, address, port }: Target): string {
  return `${transport} ${address} ${port}`;
}
