import type { MeasuredConstants } from "./constants.ts";

/** Shards of the call records in Redis (docs/architecture.md, Redis keys). A shard is served by one master, and a master is one thread. */
export const SHARDS = 8;

/** New calls per second that the shards of one cluster carry, each on a master of its own. */
export function callsPerSecondOfACluster({ redisMsPerCall, utilisation }: MeasuredConstants): number {
  return (SHARDS * utilisation * 1_000) / redisMsPerCall;
}
