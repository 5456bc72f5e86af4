import { doubt, fault, type TopologyIssue, useOneOf } from "./topology-issue.ts";
import type { EmergencyPlan } from "./emergency-plan.ts";
import type { Topology } from "./topology.ts";

/** Emergency calls have somewhere to go and their numbers mean one thing. */
export function checkEmergency(topology: Topology): readonly TopologyIssue[] {
  return [
    ...checkNamed(topology, "trunks"),
    ...checkNamed(topology, "fallbackTrunks"),
    ...checkWaysOut(topology),
    ...checkNumbers(topology.emergency),
  ];
}

function checkNamed(topology: Topology, list: "trunks" | "fallbackTrunks"): readonly TopologyIssue[] {
  const known = new Set(topology.trunks.map((trunk) => trunk.name));
  const names = topology.emergency[list];
  return names.flatMap((name, at) => {
    const path = `emergency.${list}[${at}]`;
    if (!known.has(name)) return [fault(path, `names trunk "${name}", which does not exist`, useOneOf(known))];
    return names.indexOf(name) < at ? [fault(path, `repeats trunk "${name}"`, "remove it")] : [];
  });
}

function checkWaysOut(topology: Topology): readonly TopologyIssue[] {
  const { trunks, fallbackTrunks } = topology.emergency;
  if (trunks.length === 0) {
    const way = fallbackTrunks.length > 0 ? "the fallback trunks alone" : "whatever route matches the number";
    return [
      doubt("emergency.trunks", `is empty: emergency calls take ${way}`, "name the trunks to the E9-1-1 provider"),
    ];
  }
  if (fallbackTrunks.length === 0) {
    const problem = "is empty: when every E9-1-1 trunk fails, an emergency call fails";
    return [doubt("emergency.fallbackTrunks", problem, "name trunks to a local gateway or a second provider")];
  }
  const enabled = topology.trunks.filter((trunk) => trunk.settings.enabled).map((trunk) => trunk.name);
  if (trunks.some((name) => enabled.includes(name))) return [];
  return [doubt("emergency.trunks", "has only disabled trunks", "enable one")];
}

function checkNumbers({ numbers }: EmergencyPlan): readonly TopologyIssue[] {
  if (!numbers.some((number) => !number.test)) {
    return [fault("emergency.numbers", "lists no number for real calls", 'add { dial: "911" }')];
  }
  const owner = new Map<string, string>();
  return numbers.flatMap((number, at) => {
    const path = `emergency.numbers[${at}]`;
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
