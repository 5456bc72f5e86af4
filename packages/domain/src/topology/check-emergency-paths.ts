import { compilePattern, patternMatches } from "../numbering/pattern.ts";
import type { EmergencyPlan } from "./emergency-plan.ts";
import { doubt, fault, type TopologyIssue } from "./topology-issue.ts";
import type { Topology, Trunk } from "./topology.ts";

/** Every pool has a way out for emergency calls, and still has one when a gateway is lost. */
export function checkEmergencyPaths(topology: Topology): readonly TopologyIssue[] {
  const ways = waysOut(topology);
  if (ways.length === 0) {
    // Any pool sends by the trunks of any other: either all have a way out or none has.
    const problem = "has no way out for emergency calls";
    const fix = "give the topology an enabled trunk to an E9-1-1 provider, a PSTN gateway or a carrier";
    return topology.pools.map((_, at) => fault(`pools[${at}]`, problem, fix));
  }
  return [...checkNamed(topology), ...checkLoss(ways), ...checkScreening(topology)];
}

/** Enabled trunks that an emergency call may take, whatever their health. */
function waysOut(topology: Topology): readonly Trunk[] {
  const { trunks, gateways, emergency } = topology;
  const kinds = new Map(gateways.map(({ name, kind }) => [name, kind]));
  const policies = emergency.policies.flatMap((policy) => [...policy.trunks, ...policy.fallbackTrunks]);
  const named = new Set([...emergency.trunks, ...emergency.fallbackTrunks, ...policies, ...routed(topology)]);
  return trunks.filter((trunk) => {
    if (!trunk.settings.enabled) return false;
    const kind = kinds.get(trunk.gateway);
    const open = kind === "e911" || kind === "pstn" || kind === "sbc" || trunk.settings.emergency.profile === "elin";
    return open || named.has(trunk.name);
  });
}

/** Trunks of routes that match an emergency number. A core is a way out only for a topology that routes there on purpose. */
function routed({ routes, emergency }: Topology): readonly string[] {
  const numbers = emergency.numbers.filter(({ test }) => !test).flatMap(({ dial }) => [dial, `+${dial}`]);
  return routes.flatMap(({ match, trunks }) => {
    const pattern = compilePattern(match);
    return pattern.ok && numbers.some((number) => patternMatches(pattern.value, number)) ? trunks : [];
  });
}

function checkNamed(topology: Topology): readonly TopologyIssue[] {
  const { trunks, fallbackTrunks } = topology.emergency;
  if (trunks.length === 0) {
    const way = fallbackTrunks.length > 0 ? "the fallback trunks" : "whatever leads to the PSTN";
    return [
      doubt("emergency.trunks", `is empty: emergency calls take ${way}`, "name the trunks to the E9-1-1 provider"),
    ];
  }
  if (fallbackTrunks.length === 0) {
    const problem = "is empty: when every E9-1-1 trunk fails, an emergency call takes whatever leads to the PSTN";
    return [doubt("emergency.fallbackTrunks", problem, "name trunks to a local gateway or a second provider")];
  }
  const enabled = topology.trunks.filter((trunk) => trunk.settings.enabled).map((trunk) => trunk.name);
  if (trunks.some((name) => enabled.includes(name))) return [];
  return [doubt("emergency.trunks", "has only disabled trunks", "enable one")];
}

function checkLoss(ways: readonly Trunk[]): readonly TopologyIssue[] {
  const gateways = new Set(ways.map(({ gateway }) => gateway));
  const [only] = gateways;
  if (gateways.size > 1 || only === undefined) return [];
  const problem = `leads to gateway "${only}" only: when that is lost, no emergency call gets out`;
  return [doubt("emergency", problem, "add a trunk to another gateway")];
}

function checkScreening({ emergency }: Topology): readonly TopologyIssue[] {
  if (emergency.screeningNumber !== null) return [];
  const unscreened = screeners(emergency).map((path) =>
    fault(
      path,
      "names a screening number that is missing",
      "write emergency.screeningNumber, or leave it to the provider",
    ),
  );
  if (unscreened.length > 0) return unscreened;
  const problem = "is missing: when every other way fails, an emergency call fails";
  return [doubt("emergency.screeningNumber", problem, "write the number of your emergency call centre (ECRC)")];
}

/** Where it is written that the screening number comes first. */
function screeners({ screenedCalls, policies }: EmergencyPlan): readonly string[] {
  const paths = policies.map(
    (policy, at) => [policy.screenedCalls, `emergency.policies[${at}].screenedCalls`] as const,
  );
  const all = [[screenedCalls, "emergency.screenedCalls"] as const, ...paths];
  return all.flatMap(([by, path]) => (by === "screening-number" ? [path] : []));
}
