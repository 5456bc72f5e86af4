import { doubt, fault, type TopologyIssue, useOneOf } from "./topology-issue.ts";
import type { GatewayKind, Route, Topology } from "./topology.ts";

/** Routes lead to trunks that exist and are meant for ordinary calls, and somebody can use them. */
export function checkRouting(topology: Topology): readonly TopologyIssue[] {
  const trunks = new Set(topology.trunks.map((trunk) => trunk.name));
  const emergencyOnly = emergencyTrunks(topology);
  const heldUsages = new Set(topology.trunks.flatMap((trunk) => trunk.settings.usages));
  const weights = new Map(topology.trunks.map((trunk) => [trunk.name, trunk.settings.weight]));
  const perRoute = topology.routes.flatMap((route, at) => {
    const path = `routes[${at}]`;
    return [
      ...checkRouteTrunks(route, trunks, path),
      ...checkEmergencyOnly(route, emergencyOnly, path),
      ...checkHeld(route, heldUsages, path),
      ...checkWeights(route, weights, path),
    ];
  });
  return [...perRoute, ...checkUsages(topology), ...checkTollFraud(topology), ...checkPrefixes(topology)];
}

/** Trunks that only emergency calls may take: those of the emergency plan, and all to gateways of kind e911. */
function emergencyTrunks(topology: Topology): ReadonlySet<string> {
  const kinds = gatewayKinds(topology);
  const e911 = topology.trunks.filter((trunk) => kinds.get(trunk.gateway) === "e911").map((trunk) => trunk.name);
  return new Set([...topology.emergency.trunks, ...e911]);
}

function gatewayKinds(topology: Topology): ReadonlyMap<string, GatewayKind> {
  return new Map(topology.gateways.map((gateway) => [gateway.name, gateway.kind]));
}

function checkRouteTrunks(route: Route, trunks: ReadonlySet<string>, path: string): readonly TopologyIssue[] {
  if (route.trunks.length === 0) return [fault(`${path}.trunks`, "names no trunk", useOneOf(trunks))];
  return route.trunks.flatMap((name, at) => {
    const where = `${path}.trunks[${at}]`;
    if (!trunks.has(name)) return [fault(where, `names trunk "${name}", which does not exist`, useOneOf(trunks))];
    return route.trunks.indexOf(name) < at ? [fault(where, `repeats trunk "${name}"`, "remove it")] : [];
  });
}

function checkEmergencyOnly(route: Route, reserved: ReadonlySet<string>, path: string): readonly TopologyIssue[] {
  return route.trunks.flatMap((name, at) => {
    if (!reserved.has(name)) return [];
    const problem = `names trunk "${name}", which only emergency calls may take`;
    return [fault(`${path}.trunks[${at}]`, problem, "remove it; emergency numbers need no route")];
  });
}

function checkHeld(route: Route, held: ReadonlySet<string>, path: string): readonly TopologyIssue[] {
  if (route.usages.some((usage) => held.has(usage))) return [];
  const problem = "names no usage that a trunk has, so no call can take the route";
  return [doubt(`${path}.usages`, problem, `give a trunk one of them, or ${useOneOf(held)}`)];
}

function checkWeights(route: Route, weights: ReadonlyMap<string, number>, path: string): readonly TopologyIssue[] {
  if (route.strategy !== "weight" || route.trunks.some((name) => weights.get(name) !== 0)) return [];
  return [doubt(`${path}.strategy`, "is weight, and all its trunks have weight 0", "give them weights")];
}

function checkUsages(topology: Topology): readonly TopologyIssue[] {
  const offered = new Set(topology.routes.flatMap((route) => route.usages));
  return topology.trunks.flatMap((trunk, at) =>
    trunk.settings.usages.flatMap((usage, position) => {
      if (offered.has(usage)) return [];
      const path = `trunks[${at}].settings.usages[${position}]`;
      return [doubt(path, `names usage "${usage}", which no route has`, useOneOf(offered))];
    }),
  );
}

/** A carrier whose calls may go back out to carriers lets strangers call at the owner's cost. */
function checkTollFraud(topology: Topology): readonly TopologyIssue[] {
  const kinds = gatewayKinds(topology);
  const kindOf = new Map(topology.trunks.map((trunk) => [trunk.name, kinds.get(trunk.gateway)]));
  const outward = new Map<string, string>();
  for (const route of topology.routes) {
    if (!route.trunks.some((name) => kindOf.get(name) === "pstn")) continue;
    for (const usage of route.usages) outward.set(usage, route.name);
  }
  return topology.trunks.flatMap((trunk, at) => {
    if (kindOf.get(trunk.name) !== "pstn") return [];
    return trunk.settings.usages.flatMap((usage, position) => {
      const route = outward.get(usage);
      if (route === undefined) return [];
      const problem = `lets calls from the public network go back out to it by route "${route}"`;
      return [doubt(`trunks[${at}].settings.usages[${position}]`, problem, "give it usages that lead inwards only")];
    });
  });
}

function checkPrefixes(topology: Topology): readonly TopologyIssue[] {
  return topology.dialPlans.flatMap((plan, at) => {
    if (/^[0-9*#]{0,4}$/.test(plan.externalAccessPrefix)) return [];
    return [fault(`dialPlans[${at}].externalAccessPrefix`, "is no access prefix", "use up to four of 0-9, * and #")];
  });
}
