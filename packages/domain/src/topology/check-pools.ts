import { doubt, type TopologyIssue } from "./topology-issue.ts";
import type { Pool, Topology } from "./topology.ts";

/** Several edges of a pool need one name or address that peers know them all by. */
export function checkPools(topology: Topology): readonly TopologyIssue[] {
  return topology.pools.flatMap((pool, at) => checkContact(pool, `pools[${at}]`));
}

/** RFC 3261 §12.1: what peers send within a call goes where our Contact says, which without a common name is the first edge. */
function checkContact(pool: Pool, path: string): readonly TopologyIssue[] {
  const edges = pool.arrangement === "fused" ? pool.workers : pool.edges;
  const own = pool.listeners.filter(({ address, advertisedAddress }) => advertisedAddress === address);
  if (edges < 2 || pool.fqdn !== undefined || own.length === 0) return [];
  const listeners = own.map(({ name }) => `"${name}"`).join(", ");
  const problem = `is missing, and the pool has ${edges} edges: the Contact of every call by listener ${listeners} names the first one, and what peers send within calls fails while that one is away`;
  return [
    doubt(`${path}.fqdn`, problem, "add it, or an address that all edges share as advertisedAddress of each listener"),
  ];
}
