import { doubt, fault, type TopologyIssue, useOneOf } from "./topology-issue.ts";
import type { Topology, Trunk } from "./topology.ts";

/** Lists of trunks in the emergency section name trunks that exist, each once. */
export function checkTrunkLists({ trunks, emergency }: Topology): readonly TopologyIssue[] {
  const known = new Set(trunks.map((trunk) => trunk.name));
  const lists: (readonly [path: string, names: readonly string[]])[] = [
    ["emergency.trunks", emergency.trunks],
    ["emergency.fallbackTrunks", emergency.fallbackTrunks],
    ["emergency.screeningTrunks", emergency.screeningTrunks],
    ...emergency.policies.flatMap((policy, at) => {
      const path = `emergency.policies[${at}]`;
      return [
        [`${path}.trunks`, policy.trunks] as const,
        [`${path}.fallbackTrunks`, policy.fallbackTrunks] as const,
        [`${path}.testCalls.trunks`, policy.testCalls.trunks] as const,
      ];
    }),
  ];
  return lists.flatMap(([path, names]) =>
    names.flatMap((name, at) => {
      const where = `${path}[${at}]`;
      if (!known.has(name)) return [fault(where, `names trunk "${name}", which does not exist`, useOneOf(known))];
      return names.indexOf(name) < at ? [fault(where, `repeats trunk "${name}"`, "remove it")] : [];
    }),
  );
}

/** What trunks say about emergency calls holds together. */
export function checkEmergencyTrunks(topology: Topology): readonly TopologyIssue[] {
  return [
    ...topology.trunks.flatMap((trunk, at) => [
      ...checkReserve(trunk, `trunks[${at}]`),
      ...checkClearTrunk(trunk, topology, `trunks[${at}]`),
    ]),
    ...checkElins(topology),
  ];
}

function checkReserve({ settings }: Trunk, path: string): readonly TopologyIssue[] {
  const { maxCalls, emergencyReserve } = settings;
  if (emergencyReserve === 0) return [];
  const where = `${path}.settings.emergencyReserve`;
  if (maxCalls === 0) return [doubt(where, "keeps places on a trunk without maxCalls", "set maxCalls or remove it")];
  if (emergencyReserve < maxCalls) return [];
  return [fault(where, `is ${emergencyReserve} of ${maxCalls} places: none is left for ordinary calls`, "lower it")];
}

function checkClearTrunk(trunk: Trunk, { pools, trunks, emergency }: Topology, path: string): readonly TopologyIssue[] {
  const { clearTrunk } = trunk.settings;
  if (clearTrunk === undefined) return [];
  const where = `${path}.settings.clearTrunk`;
  const twin = trunks.find(({ name }) => name === clearTrunk);
  if (twin === undefined) {
    return [
      fault(where, `names trunk "${clearTrunk}", which does not exist`, useOneOf(trunks.map(({ name }) => name))),
    ];
  }
  if (twin.gateway !== trunk.gateway) {
    return [
      fault(where, `names trunk "${clearTrunk}", which leads to another gateway`, "name one to the same gateway"),
    ];
  }
  const listener = pools.find(({ name }) => name === twin.pool)?.listeners.find(({ name }) => name === twin.listener);
  if (listener?.transport === "tls")
    return [fault(where, `names trunk "${clearTrunk}", which uses TLS`, "name one without")];
  if (emergency.clearFallback) return [];
  return [doubt(where, "has no effect while emergency.clearFallback is false", "set it, or remove this")];
}

function checkElins({ trunks, emergency }: Topology): readonly TopologyIssue[] {
  const elinTrunk = trunks.find(({ settings }) => settings.emergency.profile === "elin");
  if (elinTrunk === undefined) return [];
  const withElins = new Set(emergency.erls.filter(({ elins }) => elins.length > 0).map(({ name }) => name));
  return emergency.sites.flatMap(({ name, erl }, at) => {
    if (erl !== null && withElins.has(erl)) return [];
    const problem = `has no ELIN, and trunk "${elinTrunk.name}" tells locations by ELINs`;
    return [
      doubt(
        `emergency.sites[${at}].erl`,
        problem,
        `give site "${name}" an ERL with elins, or fill the location database`,
      ),
    ];
  });
}
