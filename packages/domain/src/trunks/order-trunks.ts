import type { Route } from "../topology/topology.ts";
import { spread } from "./spread.ts";

/** A trunk as a strategy sees it. */
export interface TrunkShare {
  readonly name: string;
  /** Relative share, 0 = only when no other is left. */
  readonly weight: number;
}

/**
 * The order in which a route's trunks are tried, the same every time for the same call.
 *
 * - `priority`: as written.
 * - `hash`: every trunk gets an equal share of the calls, and so does each order of the rest.
 * - `weight`: the share of first places is in proportion to the weights (the sampling of Efraimidis and Spirakis).
 * - `least-loaded`: fewest calls per weight first; equals share equally.
 */
export function orderTrunks(
  strategy: Route["strategy"],
  trunks: readonly TrunkShare[],
  callId: string,
  load: (trunk: string) => number,
): readonly string[] {
  switch (strategy) {
    case "priority":
      return trunks.map((trunk) => trunk.name);
    case "hash":
      return byKey(trunks, (trunk) => [spread(callId, trunk.name)]);
    case "weight":
      return byKey(trunks, (trunk) => [-Math.log(spread(callId, trunk.name)) / trunk.weight]);
    case "least-loaded":
      return byKey(trunks, (trunk) => [loadPerWeight(trunk, load(trunk.name)), spread(callId, trunk.name)]);
  }
}

function loadPerWeight(trunk: TrunkShare, load: number): number {
  return trunk.weight === 0 ? Infinity : load / trunk.weight;
}

function byKey(trunks: readonly TrunkShare[], key: (trunk: TrunkShare) => readonly number[]): readonly string[] {
  const keyed = trunks.map((trunk) => ({ name: trunk.name, key: key(trunk) }));
  keyed.sort((left, right) => compareKeys(left.key, right.key));
  return keyed.map((trunk) => trunk.name);
}

function compareKeys(left: readonly number[], right: readonly number[]): number {
  for (const [index, value] of left.entries()) {
    const other = right[index] ?? 0;
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}
