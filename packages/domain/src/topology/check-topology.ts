import type { TopologyIssue } from "./topology-issue.ts";
import type { Topology } from "./topology.ts";

/** Everything that is wrong or doubtful in a topology apart from its patterns. */
export function checkTopology(topology: Topology): readonly TopologyIssue[] {
  return topology.trunks.length === 0
    ? [{ severity: "warning", path: "trunks", problem: "is empty", fix: "add a trunk" }]
    : [];
}
