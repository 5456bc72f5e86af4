import type { Failure, Result } from "@tandem/domain";

/**
 * Which call an INVITE is of, whatever way it came and whichever worker has it: the peer that lost one way to us sends it again by another (RFC 3263 §4.3). Emergency calls are claimed as they begin,
 * ordinary ones when they go on by another way. A claim is forgotten after `SETUP_CLAIM_MS`.
 */
export interface SetupClaims {
  /** They have been found not to answer for that INVITE: nobody waits for them. */
  isAway(invite: string): boolean;
  /** The call that has the INVITE: the one that claimed it first, and this one where none did. `invite`: what its copies have in common, as a hash. */
  claim(invite: string, claim: SetupClaim): Promise<Result<SetupClaim, Failure>>;
  /** It is this call's from now on: the one that had it cannot go on with it. */
  takeOver(invite: string, claim: SetupClaim): Promise<Result<void, Failure>>;
}

export interface SetupClaim {
  readonly callId: string;
  /** When it was made (epoch ms). */
  readonly atMs: number;
}

/** Longer than any set-up rings. */
export const SETUP_CLAIM_MS = 600_000;
