import type { CompiledTrunk, Snapshot } from "../topology/snapshot.ts";

/** One way from a pool to the end of an E9-1-1 trunk. */
export interface EmergencyPathPlan {
  readonly pool: string;
  readonly trunk: string;
  /** Test number a test call is made to; null: none may be made. */
  readonly testNumber: string | null;
}

/**
 * The paths the heartbeat walks: from every pool where emergency calls can begin, over every E9-1-1 trunk that some policy sends them to or that
 * nobody names (calls take those next), whichever pool it belongs to; and from each trunk's own pool. Trunks that are switched off, or whose heartbeat is, are left out.
 */
export function emergencyPaths(snapshot: Snapshot): readonly EmergencyPathPlan[] {
  const { plan, open } = snapshot.emergency;
  const names = [...plan.trunks, ...plan.policies.flatMap(({ trunks }) => trunks)];
  const named = names.flatMap((name) => snapshot.trunks.get(name) ?? []);
  const walked = [...new Set([...named, ...open.e911])].filter(isWalked);
  const origins = originPools(snapshot);
  const testNumber = plan.numbers.find(({ test }) => test)?.dial ?? null;
  return walked.flatMap((trunk) => {
    const { name, settings } = trunk.trunk;
    const pools = new Set([...origins, trunk.pool.name]);
    return [...pools].map((pool) => {
      return { pool, trunk: name, testNumber: settings.emergency.testCall ? testNumber : null };
    });
  });
}

function isWalked({ trunk }: CompiledTrunk): boolean {
  return trunk.settings.enabled && trunk.settings.emergency.heartbeat;
}

/** Pools with a listener for callers, or with a trunk to where callers are. */
function originPools({ topology, trunks }: Snapshot): readonly string[] {
  const serving = topology.pools.filter(({ listeners }) => listeners.some(({ serves }) => serves === "callers"));
  const leading = [...trunks.values()].filter(({ gateway }) => gateway.kind === "core" || gateway.kind === "pbx");
  return [...new Set([...serving.map(({ name }) => name), ...leading.map(({ pool }) => pool.name)])];
}
