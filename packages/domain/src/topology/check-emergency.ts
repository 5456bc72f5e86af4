import { checkEmergencyPaths } from "./check-emergency-paths.ts";
import { checkEmergencyTrunks, checkTrunkLists } from "./check-emergency-trunks.ts";
import { checkLocationPolicies } from "./check-location-policies.ts";
import { checkNetworkSites } from "./check-network-sites.ts";
import { checkNotificationTargets, checkSomebodyIsTold } from "./check-notification-targets.ts";
import type { EmergencyNumber } from "./emergency-plan.ts";
import { fault, type TopologyIssue } from "./topology-issue.ts";
import type { Topology } from "./topology.ts";

/** Emergency calls have somewhere to go, their numbers mean one thing, and every name leads somewhere. */
export function checkEmergency(topology: Topology): readonly TopologyIssue[] {
  const { emergency } = topology;
  return [
    ...checkTrunkLists(topology),
    ...checkEmergencyPaths(topology),
    ...checkRealNumbers(emergency.numbers),
    ...checkNumbers(emergency.numbers, "emergency.numbers"),
    ...emergency.policies.flatMap(({ numbers }, at) => checkNumbers(numbers, `emergency.policies[${at}].numbers`)),
    ...checkEmergencyTrunks(topology),
    ...checkLocationPolicies(topology),
    ...checkNetworkSites(topology),
    ...checkNotificationTargets(topology),
    ...checkSomebodyIsTold(topology),
  ];
}

function checkRealNumbers(numbers: readonly EmergencyNumber[]): readonly TopologyIssue[] {
  if (numbers.some((number) => !number.test)) return [];
  return [fault("emergency.numbers", "lists no number for real calls", 'add { dial: "911" }')];
}

function checkNumbers(numbers: readonly EmergencyNumber[], list: string): readonly TopologyIssue[] {
  const owner = new Map<string, string>();
  return numbers.flatMap((number, at) => {
    const path = `${list}[${at}]`;
    const texts = [number.dial, ...number.masks];
    return texts.flatMap((text, position) => {
      const where = position === 0 ? `${path}.dial` : `${path}.masks[${position - 1}]`;
      if (!/^[0-9*#]{2,10}$/.test(text))
        return [fault(where, `"${text}" is no dial string`, "use 2 to 10 of 0-9, * and #")];
      const earlier = owner.get(text);
      owner.set(text, earlier ?? where);
      return earlier === undefined ? [] : [fault(where, `"${text}" is listed already at ${earlier}`, "remove one")];
    });
  });
}
