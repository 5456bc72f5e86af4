import type { Target } from "../next-hop/target.ts";
import { RecentTargets } from "./recent-targets.ts";

/**
 * Addresses that answered nothing when they were asked last. Of a name with several addresses the others are asked first (RFC 3263 §4.3), for who sends a request may
 * give it up before a silent address has had the time of a transaction. None is left out, so nothing is lost where all are silent.
 */
export class SilentAddresses extends RecentTargets {
  constructor(now: () => number) {
    super(now, ({ transport, address, port }) => `${transport} ${address} ${port}`);
  }

  /** The same targets, those that are silent last. */
  last(targets: readonly Target[]): readonly Target[] {
    if (this.none || targets.length < 2) return targets;
    return [...targets.filter((target) => !this.has(target)), ...targets.filter((target) => this.has(target))];
  }
}
