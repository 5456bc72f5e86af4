import { fault, type TopologyIssue, useOneOf } from "./topology-issue.ts";
import type { Topology } from "./topology.ts";

/** Notification targets leave by trunks that exist and escalate to others. */
export function checkNotificationTargets({ emergency, trunks }: Topology): readonly TopologyIssue[] {
  const known = new Set(trunks.map(({ name }) => name));
  const targets = new Set(emergency.notificationTargets.map(({ name }) => name));
  return emergency.notificationTargets.flatMap((target, at) => {
    const path = `emergency.notificationTargets[${at}]`;
    const issues: TopologyIssue[] = [];
    if (target.kind === "sip" && !known.has(target.trunk)) {
      issues.push(fault(`${path}.trunk`, `names trunk "${target.trunk}", which does not exist`, useOneOf(known)));
    }
    const { escalateTo } = target;
    if (escalateTo !== null && !targets.has(escalateTo)) {
      const problem = `names notification target "${escalateTo}", which does not exist`;
      issues.push(fault(`${path}.escalateTo`, problem, useOneOf(targets)));
    } else if (escalateTo === target.name) {
      issues.push(fault(`${path}.escalateTo`, "names the target itself", "name another one"));
    }
    return issues;
  });
}
