import { applyNumberRules } from "../numbering/number-rule.ts";
import type { Attempt, Consideration, ConsiderationReason, RequestFacts } from "../routing/decision.ts";
import type { LiveView } from "../routing/live-view.ts";
import type { LocationPolicy } from "../topology/emergency-plan.ts";
import type { CompiledTrunk, Snapshot } from "../topology/snapshot.ts";
import { emergencyEgress } from "./egress.ts";
import { waysOut, type Way } from "./ways-out.ts";

/** The chain of ways out of an emergency call. */
export interface EmergencyChain {
  readonly attempts: readonly Attempt[];
  readonly considered: readonly Consideration[];
}

/** An emergency call that looks for a way out. */
export interface EmergencyRequest {
  readonly facts: RequestFacts;
  /** Dial string. */
  readonly number: string;
  readonly test: boolean;
  readonly policy: LocationPolicy | null;
  /** Normalised number of a call that only its Priority header marks: it goes where that number says, if anywhere. Else null. */
  readonly marked: string | null;
}

/** Most trunks to the PSTN that are tried with one number without anybody having named them for it: the plan is stored with the call. */
const MOST_UNNAMED = 64;

/**
 * Every way out for an emergency call. Their order (`waysOut`) holds among the healthy ones; then come, in the same order, those that are down, the
 * trunk the call came from, and disabled ones. Of those that nobody named,
 * only the first so many in that order are tried; no other is left out. Limits, drains and usages do not count, and trunks of every pool are ways out: an edge of any pool sends for a worker of any other.
 */
export function emergencyChain(call: EmergencyRequest, snapshot: Snapshot, live: LiveView): EmergencyChain {
  const placed = waysOut(call, snapshot, live).map((way) => ({ way, ...placeOf(way, call.facts.ingressTrunk, live) }));
  placed.sort((left, right) => left.place - right.place);
  const ranked = withinReach(placed);
  return {
    attempts: ranked.map(({ way }) => attemptOn(way, call.facts.callingNumber)),
    considered: ranked.map(({ way, reason }) => {
      return { trunk: way.trunk.trunk.name, route: way.route, verdict: "chosen", reason };
    }),
  };
}

interface Placed {
  readonly way: Way;
  /** 0: healthy. */
  readonly place: number;
  readonly reason: ConsiderationReason;
}

/** The ways without those that are too many, counted in the order of their health. */
function withinReach(ranked: readonly Placed[]): readonly Placed[] {
  const unnamed = new Map<string, number>();
  return ranked.filter(({ way }) => {
    if (!way.unnamed) return true;
    const count = (unnamed.get(way.number) ?? 0) + 1;
    unnamed.set(way.number, count);
    return count <= MOST_UNNAMED;
  });
}

function placeOf({ trunk, source }: Way, ingressTrunk: string | null, live: LiveView): Omit<Placed, "way"> {
  const { name, settings } = trunk.trunk;
  if (!settings.enabled) return { place: 3, reason: "emergency-disabled-last" };
  if (name === ingressTrunk) return { place: 2, reason: "emergency-ingress-last" };
  if (live.trunkState(name) === "down") return { place: 1, reason: "emergency-down-last" };
  return { place: 0, reason: source };
}

/** The dial string goes out as listed: no translation rule can make something else of it. The caller is never suppressed. */
function attemptOn(way: Way, calling: string): Attempt {
  const { trunk, route, number } = way;
  return {
    trunk: trunk.trunk.name,
    route,
    calledNumber: way.asDialled ? number : translated(trunk, number),
    callingNumber: applyNumberRules(trunk.callingRules, calling).number,
    suppressCallerId: false,
    emergency: emergencyEgress(trunk, way.source === "emergency-screening"),
  };
}

/** An ordinary number (the screening centre's, or that of a marked call) takes the form the peer wants. */
function translated({ trunk, calledRules }: CompiledTrunk, number: string): string {
  const called = applyNumberRules(calledRules, number).number;
  return trunk.settings.removePlus && called.startsWith("+") ? called.slice(1) : called;
}
