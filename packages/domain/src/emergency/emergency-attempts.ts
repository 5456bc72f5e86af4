import { applyNumberRules } from "../numbering/number-rule.ts";
import type { Attempt, Consideration, ConsiderationReason, RequestFacts } from "../routing/decision.ts";
import type { LiveView } from "../routing/live-view.ts";
import { matchingRoutes } from "../routing/route-table.ts";
import type { CompiledTrunk, Snapshot } from "../topology/snapshot.ts";
import { orderTrunks } from "../trunks/order-trunks.ts";
import { emergencyEgress } from "./egress.ts";

/** The chain of ways out of an emergency call. */
export interface EmergencyChain {
  readonly attempts: readonly Attempt[];
  readonly considered: readonly Consideration[];
}

interface Way {
  readonly trunk: CompiledTrunk;
  readonly route: string | null;
  readonly source: "emergency" | "emergency-fallback" | "emergency-route";
}

/**
 * Every way out for an emergency call, none left out: E9-1-1 trunks (those of its own pool first), then fallback trunks; of these the healthy
 * first, then the down ones, then the trunk the call came from, then disabled ones. Limits, drains and usages do not count. A topology without
 * such trunks still sends it along the routes of the number, whoever they are for.
 * A test call uses the E9-1-1 trunks only: no other answers it, and it must not reach a call taker by a detour.
 */
export function emergencyAttempts(
  call: { readonly facts: RequestFacts; readonly number: string; readonly test: boolean },
  snapshot: Snapshot,
  live: LiveView,
): EmergencyChain {
  const ways = call.test ? e911Ways(call.facts, snapshot) : allWays(call, snapshot, live);
  const ranked = ways.map((way) => ({ way, ...placeOf(way, call.facts.ingressTrunk, live) }));
  ranked.sort((left, right) => left.place - right.place);
  return {
    attempts: ranked.map(({ way }) => attemptOn(way, call.number, call.facts.callingNumber)),
    considered: ranked.map(({ way, reason }) => {
      return { trunk: way.trunk.trunk.name, route: way.route, verdict: "chosen", reason };
    }),
  };
}

function allWays(
  call: { readonly facts: RequestFacts; readonly number: string },
  snapshot: Snapshot,
  live: LiveView,
): readonly Way[] {
  const fallback = named(snapshot.emergency.plan.fallbackTrunks, snapshot);
  const planned = [
    ...e911Ways(call.facts, snapshot),
    ...fallback.map((trunk): Way => ({ trunk, route: null, source: "emergency-fallback" })),
  ];
  return once(planned.length > 0 ? planned : routedWays(call, snapshot, live));
}

function e911Ways(facts: RequestFacts, snapshot: Snapshot): readonly Way[] {
  const { plan } = snapshot.emergency;
  const trunks = named(plan.trunks, snapshot);
  const own = (trunk: CompiledTrunk): boolean => plan.preferOwnPool && trunk.pool.name === facts.pool;
  const ordered = [...trunks.filter(own), ...trunks.filter((trunk) => !own(trunk))];
  return once(ordered.map((trunk) => ({ trunk, route: null, source: "emergency" })));
}

/** The routes of the number, with and without `+`, by priority and strategy, for whichever usage. */
function routedWays(
  call: { readonly facts: RequestFacts; readonly number: string },
  snapshot: Snapshot,
  live: LiveView,
): readonly Way[] {
  const routes = [call.number, `+${call.number}`].flatMap((number) => matchingRoutes(snapshot.routes.all, number));
  return routes.flatMap(({ route }) => {
    const shares = named(route.trunks, snapshot).map(({ trunk }) => ({
      name: trunk.name,
      weight: trunk.settings.weight,
    }));
    const order = orderTrunks(route.strategy, shares, call.facts.callId, (name) => live.trunkLoad(name));
    return named(order, snapshot).map((trunk): Way => ({ trunk, route: route.name, source: "emergency-route" }));
  });
}

function named(names: readonly string[], snapshot: Snapshot): readonly CompiledTrunk[] {
  return names.flatMap((name) => snapshot.trunks.get(name) ?? []);
}

function once(ways: readonly Way[]): readonly Way[] {
  const seen = new Set<string>();
  return ways.filter(({ trunk }) => {
    const known = seen.has(trunk.trunk.name);
    seen.add(trunk.trunk.name);
    return !known;
  });
}

function placeOf(
  { trunk, source }: Way,
  ingressTrunk: string | null,
  live: LiveView,
): { readonly place: number; readonly reason: ConsiderationReason } {
  const { name, settings } = trunk.trunk;
  if (!settings.enabled) return { place: 3, reason: "emergency-disabled-last" };
  if (name === ingressTrunk) return { place: 2, reason: "emergency-ingress-last" };
  if (live.trunkState(name) === "down") return { place: 1, reason: "emergency-down-last" };
  return { place: 0, reason: source };
}

/** The dial string goes out as listed: no translation rule can make something else of it. The caller is never suppressed. */
function attemptOn({ trunk, route }: Way, number: string, calling: string): Attempt {
  return {
    trunk: trunk.trunk.name,
    route,
    calledNumber: number,
    callingNumber: applyNumberRules(trunk.callingRules, calling).number,
    suppressCallerId: false,
    emergency: emergencyEgress(trunk, false),
  };
}
