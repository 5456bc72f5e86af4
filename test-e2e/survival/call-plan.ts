import { between, seededRandom } from "./seeded-random.ts";

/** Shares of the calls, in percent; what is left are plain calls. */
export interface Mix {
  readonly emergency: number;
  /** The session changes in the middle, by a re-INVITE of either side. */
  readonly reInvite: number;
  /** The called party hangs up. */
  readonly calleeEnds: number;
  /** The first trunk refuses with 503. */
  readonly failover: number;
  /** The caller gives up while it rings. */
  readonly cancelled: number;
}

export const DEFAULT_MIX: Mix = { emergency: 33, reInvite: 20, calleeEnds: 33, failover: 10, cancelled: 3 };

/** What one call of the storm is meant to do. Both sides read it, so that each knows what it may expect. */
export interface CallPlan {
  /** User part of the caller's URI; finds the call again on the other side. */
  readonly token: string;
  readonly emergency: boolean;
  /** INVITE → 180, at the called side (ms). */
  readonly ringMs: number;
  /** 180 → 200 (ms). */
  readonly answerMs: number;
  /** 200 → BYE (ms). */
  readonly holdMs: number;
  readonly endedBy: "caller" | "callee";
  readonly reInviteBy: "caller" | "callee" | null;
  readonly firstTrunkFails: boolean;
  /** The caller cancels so long after the first ringing (ms); null: never. */
  readonly cancelMs: number | null;
}

const FIRST_NUMBER = 2_125_000_000;

/** The plan of call `index`: the same for the same seed, whatever happens to the calls before it. */
export function planCall(seed: number, index: number, mix: Mix, meanHoldMs: number): CallPlan {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const happens = (percent: number): boolean => random() * 100 < percent;
  const emergency = happens(mix.emergency);
  const reInvite = happens(mix.reInvite);
  const bySide = (): "caller" | "callee" => (random() < 0.5 ? "caller" : "callee");
  return {
    token: String(FIRST_NUMBER + index),
    emergency,
    ringMs: between(random, 10, 200),
    answerMs: between(random, 100, 1_500),
    holdMs: between(random, Math.round(meanHoldMs * 0.5), Math.round(meanHoldMs * 1.5)),
    endedBy: happens(mix.calleeEnds) ? "callee" : "caller",
    reInviteBy: reInvite ? bySide() : null,
    firstTrunkFails: !emergency && happens(mix.failover),
    cancelMs: !emergency && happens(mix.cancelled) ? between(random, 50, 400) : null,
  };
}
