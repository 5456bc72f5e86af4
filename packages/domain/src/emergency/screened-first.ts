import type { Attempt, Consideration, Decision } from "../routing/decision.ts";
import type { Snapshot } from "../topology/snapshot.ts";
import { locationRouting, type LocationRouting } from "./location/location-method.ts";
import type { LocationFacts } from "./preparation.ts";

type EmergencyDecision = Extract<Decision, { kind: "emergency" }>;

/** What the call's location asks for; null where only a reference is known: whoever fetches the location decides. */
export function routingOf({ kind, method }: LocationFacts): LocationRouting | null {
  return kind === "reference" ? null : locationRouting(method);
}

/**
 * The decision with the location in it. A call whose location cannot be trusted (`method`) is screened: by the provider, which reads `method` and asks
 * the caller, and then the order stays; or, where the location policy says so, by the screening centre, whose ways that are up then come before all
 * others. No way out is added or taken away, and a test call is nobody's to screen.
 */
export function screenedFirst(
  decision: EmergencyDecision,
  routing: LocationRouting | null,
  { emergency }: Snapshot,
): EmergencyDecision {
  const { policy, test } = decision;
  const own = policy === null ? null : (emergency.policies.get(policy)?.policy.screenedCalls ?? null);
  const by = own ?? emergency.plan.screenedCalls;
  if (routing !== "screened" || by === "provider" || test) return decision;
  const ways = waysOf(decision);
  const first = ways.filter(({ consideration }) => consideration.reason === "emergency-screening");
  const others = ways.filter((way) => !first.includes(way));
  const ordered = [...first.map(asFirst), ...others];
  return {
    ...decision,
    attempts: ordered.map(({ attempt }) => attempt),
    considered: ordered.map(({ consideration }) => consideration),
  };
}

interface ConsideredWay {
  readonly attempt: Attempt;
  readonly consideration: Consideration;
}

/** Every way out of an emergency call was chosen for one reason; both lists have the same order. */
function waysOf({ attempts, considered }: EmergencyDecision): readonly ConsideredWay[] {
  return attempts.flatMap((attempt, at) => {
    const consideration = considered[at];
    return consideration === undefined ? [] : [{ attempt, consideration }];
  });
}

function asFirst({ attempt, consideration }: ConsideredWay): ConsideredWay {
  return { attempt, consideration: { ...consideration, reason: "emergency-screened-first" } };
}
