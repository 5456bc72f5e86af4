import { checkEmergency } from "./check-emergency.ts";
import { checkListeners } from "./check-listeners.ts";
import { checkNames } from "./check-names.ts";
import { checkPools } from "./check-pools.ts";
import { checkRouting } from "./check-routing.ts";
import { checkSources } from "./check-sources.ts";
import { checkTrunks } from "./check-trunks.ts";
import type { TopologyIssue } from "./topology-issue.ts";
import type { Topology } from "./topology.ts";

/** Everything that is wrong or doubtful in a topology apart from its patterns, which compilation reads. */
export function checkTopology(topology: Topology): readonly TopologyIssue[] {
  return [
    ...checkNames(topology),
    ...checkListeners(topology),
    ...checkPools(topology),
    ...checkSources(topology),
    ...checkTrunks(topology),
    ...checkRouting(topology),
    ...checkEmergency(topology),
  ];
}
