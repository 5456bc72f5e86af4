import { defaultTrunkSettings } from "../topology/trunk-defaults.ts";
import type { AttemptPlan, LegProfile } from "./leg-profile.ts";

/** Numbers of an attempt, as the called side gets them. */
export interface PlannedNumbers {
  readonly calledNumber: string;
  readonly callingNumber: string;
}

/** An attempt outside all limits and routes, with the usual waiting times. */
export function barePlan(profile: LegProfile, { calledNumber, callingNumber }: PlannedNumbers): AttemptPlan {
  const { progressTimeoutMs, connectTimeoutMs, ringTimeoutMs, failoverCodes } = defaultTrunkSettings;
  return {
    profile,
    route: null,
    calledNumber,
    callingNumber,
    suppressCallerId: false,
    maxCalls: 0,
    maxCallsPerSecond: 0,
    progressTimeoutMs,
    connectTimeoutMs,
    ringTimeoutMs,
    failoverCodes,
  };
}
