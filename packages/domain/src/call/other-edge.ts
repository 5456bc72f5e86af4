import type { FailureCode } from "../failure/catalogue.ts";
import { UNREACHABLE } from "./attempt-end.ts";
import type { Hunt, Trying } from "./hunt.ts";
import type { AttemptPlan } from "./leg-profile.ts";

/** How an attempt failed, as far as it tells whether anything was heard of its peer. */
interface Silence {
  readonly failure: FailureCode;
  /** The peer's final status; 0: none came. */
  readonly sipCode: number;
  /** The edge that sent the INVITE, where its pool has another one; absent: none, or not known. */
  readonly edge?: string;
}

/** Ways that are tried again, of one hunt: the first of the chain. A caller does not wait for ever. */
const MOST_WAYS = 8;

/**
 * The attempt's way once more by another edge of its pool, for an emergency call whose INVITE brought nothing at all, not even a 100; else null. It is for when every way has been tried: all
 * of them leave by one edge, and where that is cut off from the gateways each falls silent for no fault of its own. Nobody who said a word is called twice, for he may ring.
 */
export function byOtherEdge(hunt: Hunt, trying: Trying, { failure, sipCode, edge }: Silence): AttemptPlan | null {
  const { plan, state, moves, retries } = trying;
  if (hunt.preparation === null || edge === undefined || isAgain(plan)) return null;
  // Sent again, it may have been heard before.
  if (state !== "calling" || sipCode !== 0 || moves > 0 || retries > 0) return null;
  if (!UNREACHABLE.has(failure) && failure !== "progress-timeout") return null;
  if (hunt.plans.filter(isAgain).length >= MOST_WAYS) return null;
  // What these lead to is a way of its own, tried by now.
  const { inClear: _clear, withoutReplaces: _without, ...way } = plan;
  return { ...way, profile: { ...plan.profile, avoidEdge: edge } };
}

function isAgain({ profile }: AttemptPlan): boolean {
  return profile.avoidEdge !== undefined;
}
