import type { Clock, IdentityHash, SetupClaim, SetupClaims } from "../ports/index.ts";
import { unlessAway } from "../timing/within.ts";
import { likenessOf, type PlacedInvite } from "./setups-here.ts";

/** An emergency call waits no longer to learn whether it is under way elsewhere. */
const CLAIM_MS = 150;
/** A worker that claimed an INVITE has stored its call by then, or is gone: longer than a call's preparation may take. */
const STORED_AFTER_MS = 2_000;

export interface ClaimPorts {
  readonly setupClaims: SetupClaims;
  readonly clock: Clock;
  readonly hash: IdentityHash;
}

/** The call that has the emergency INVITE already, by another way to another worker. */
export interface ClaimedCall {
  readonly callId: string;
  /** It may not be stored yet. */
  readonly isYoung: boolean;
}

/** Claims the INVITE for `callId`. Null: it is its own now, or nobody can tell. */
export async function claimInvite(
  invite: PlacedInvite,
  callId: string,
  { setupClaims, clock, hash }: ClaimPorts,
): Promise<ClaimedCall | null> {
  const claim: SetupClaim = { callId, atMs: clock.now() };
  const likeness = hash(likenessOf(invite));
  const bounds = { clock, limitMs: CLAIM_MS, isAway: setupClaims.isAway(likeness) };
  const found = await unlessAway(
    bounds,
    setupClaims.claim(likeness, claim).catch(() => null),
    () => null,
  );
  if (found === null || !found.ok || found.value.callId === callId) return null;
  return { callId: found.value.callId, isYoung: clock.now() - found.value.atMs < STORED_AFTER_MS };
}

/** The INVITE is this call's from now on. */
export function keepInvite(invite: PlacedInvite, callId: string, { setupClaims, clock, hash }: ClaimPorts): void {
  void setupClaims.takeOver(hash(likenessOf(invite)), { callId, atMs: clock.now() }).catch(() => null);
}
