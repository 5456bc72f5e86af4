import { doubt, fault, type TopologyIssue, useOneOf } from "./topology-issue.ts";
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

/** Somebody is told of every emergency call (Kari's Law, 47 CFR § 9.16(b)(2)), whichever policy holds for the caller. */
export function checkSomebodyIsTold(topology: Topology): readonly TopologyIssue[] {
  const { emergency, pools } = topology;
  const law = "nobody is told of an emergency call, as Kari's Law wants it (47 CFR § 9.16)";
  const issues = emergency.policies.flatMap(({ notify }, at) => {
    if (notify.length > 0) return [];
    return [doubt(`emergency.policies[${at}].notify`, `is empty: ${law}`, "name notification targets")];
  });
  if (emergency.policy !== null) return issues;
  const leading = callerTrunks(topology);
  const without = pools.filter(({ name, listeners, locationPolicy }) => {
    const callers = listeners.some(({ serves }) => serves === "callers") || leading.has(name);
    return callers && (locationPolicy ?? null) === null;
  });
  if (without.length === 0) return issues;
  const names = without.map(({ name }) => `"${name}"`).join(", ");
  const whose = without.length === 1 ? `pool ${names} has` : `pools ${names} have`;
  const problem = `is missing, and ${whose} no locationPolicy: ${law}`;
  return [...issues, doubt("emergency.policy", problem, "name a policy whose notify lists notification targets")];
}

/** Pools with a trunk to where callers are. */
function callerTrunks({ gateways, trunks }: Topology): ReadonlySet<string> {
  const kinds = new Map(gateways.map(({ name, kind }) => [name, kind]));
  const leading = trunks.filter(({ gateway }) => ["core", "pbx"].includes(kinds.get(gateway) ?? ""));
  return new Set(leading.map(({ pool }) => pool));
}
