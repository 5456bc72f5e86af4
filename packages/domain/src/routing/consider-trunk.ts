import type { TrunkLimits } from "../call/leg-profile.ts";
import type { TrunkSettings } from "../topology/topology.ts";
import type { CompiledTrunk, Snapshot } from "../topology/snapshot.ts";
import { applyNumberRules } from "../numbering/number-rule.ts";
import type { CompiledRoute } from "./route-table.ts";
import type { Attempt, ConsiderationReason, RequestFacts } from "./decision.ts";
import type { LiveView } from "./live-view.ts";

/** Why an ordinary call may not use the trunk now; null when it may. */
export function skipReason(
  trunk: CompiledTrunk,
  ingressTrunk: string | null,
  live: LiveView,
): ConsiderationReason | null {
  const { name, settings } = trunk.trunk;
  if (!settings.enabled) return "trunk-disabled";
  // A call never leaves by the trunk it came from: the peer would get its own call back. Longer loops end by Max-Forwards.
  if (name === ingressTrunk) return "ingress-trunk";
  if (live.poolDraining(trunk.pool.name)) return "pool-draining";
  if (live.trunkState(name) === "down") return "trunk-down";
  return isFull(trunk, live) ? "trunk-full" : null;
}

/** True when the trunk carries as many calls as it may, as far as that is for the decision to say. */
export function isFull(trunk: CompiledTrunk, live: LiveView): boolean {
  if (live.limitsHeldByGate === true) return false;
  const places = ordinaryPlaces(trunk.trunk.settings);
  return places > 0 && live.trunkLoad(trunk.trunk.name) >= places;
}

/** Most calls at once for ordinary calls: what the emergency reserve leaves of `maxCalls`. 0: no limit. */
function ordinaryPlaces({ maxCalls, emergencyReserve }: TrunkSettings): number {
  return maxCalls === 0 ? 0 : Math.max(1, maxCalls - emergencyReserve);
}

/** What the gate is asked for an ordinary call. */
export function ordinaryLimits(settings: TrunkSettings): TrunkLimits {
  const { maxCalls, maxCallsPerSecond } = settings;
  const places = ordinaryPlaces(settings);
  const kept = maxCalls > places ? { keptForEmergency: maxCalls - places } : {};
  return { maxCalls: places, maxCallsPerSecond, ...kept };
}

/** The attempt on a trunk with its translation rules, plus flag and caller id rules of the route applied. */
export function ordinaryAttempt(trunk: CompiledTrunk, route: CompiledRoute, number: string, calling: string): Attempt {
  const { suppressCallerId, alternateCallerId } = route.route;
  const shown = suppressCallerId ? (alternateCallerId ?? "") : calling;
  const called = applyNumberRules(trunk.calledRules, number).number;
  return {
    trunk: trunk.trunk.name,
    route: route.route.name,
    calledNumber: trunk.trunk.settings.removePlus && called.startsWith("+") ? called.slice(1) : called,
    callingNumber: shown === "" ? "" : applyNumberRules(trunk.callingRules, shown).number,
    suppressCallerId,
    emergency: null,
  };
}

/** The ingress trunk of a request, if its name is known. */
export function ingressOf(facts: RequestFacts, snapshot: Snapshot): CompiledTrunk | null {
  return facts.ingressTrunk === null ? null : (snapshot.trunks.get(facts.ingressTrunk) ?? null);
}
