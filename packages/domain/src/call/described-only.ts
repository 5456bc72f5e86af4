import { bodyLeaves } from "@tandem/sip";
import { inviteOf } from "./attempt.ts";
import type { Hunt, Trying } from "./hunt.ts";
import type { AttemptPlan } from "./leg-profile.ts";
import { partyOf, type Turn } from "./turn.ts";

/**
 * What an INVITE with a location may get where the session description alone rings: a body of several parts, or what it names, is not understood, too large
 * or not wanted (RFC 3261 §21.4, §21.6, RFC 6442 §4.3 for 424).
 */
const LOCATION_REFUSED: ReadonlySet<number> = new Set([400, 406, 413, 415, 420, 424, 488, 493, 513, 606]);

/**
 * The attempt's way once more with nothing but the session description, for an emergency call whose INVITE with more in it got `sipCode`; null when that would be
 * no other INVITE. It is for when every way has been tried with the location: a call taker without a location is better than none.
 */
export function describedOnly(turn: Turn, hunt: Hunt, trying: Trying, sipCode: number): AttemptPlan | null {
  const { plan } = trying;
  if (plan.tellsPlace === true && LOCATION_REFUSED.has(sipCode)) return withoutPlace(plan);
  if (hunt.preparation === null || !LOCATION_REFUSED.has(sipCode) || plan.emergency?.descriptionOnly === true)
    return null;
  const party = partyOf(turn.call, trying.party ?? "");
  const sent = party === null ? null : inviteOf(turn, hunt, trying, party);
  if (sent === null || (bodyLeaves(sent).length < 2 && !sent.has("Geolocation"))) return null;
  return reduced(plan);
}

/** Of a call taker's transfer: whom he wants matters more than what that one is told. */
function withoutPlace({ tellsPlace: _told, ...plan }: AttemptPlan): AttemptPlan {
  return plan;
}

function reduced(plan: AttemptPlan): AttemptPlan {
  const { emergency, inClear } = plan;
  return {
    ...plan,
    ...(emergency !== undefined && { emergency: { ...emergency, location: "strip", descriptionOnly: true } }),
    ...(inClear !== undefined && { inClear: reduced(inClear) }),
  };
}
