import type { ResponseRule } from "../topology/topology.ts";

/** A peer's final response as the failover rules see it. */
export interface FinalResponse {
  readonly status: number;
  /** Q.850 cause of its Reason header (RFC 3326), if any. */
  readonly cause: number | null;
}

/** What a trunk says about failing over. */
export interface FailoverRules {
  /** Statuses, and 3, 4 or 5 for a whole class. */
  readonly failoverCodes: readonly number[];
  readonly responseRules: readonly ResponseRule[];
}

/**
 * The status a response counts as: the first rule that matches its code and cause decides, else its own status.
 * A rule with `cause` set never matches a response without a cause.
 */
export function treatedStatus(response: FinalResponse, rules: readonly ResponseRule[]): number {
  for (const rule of rules) {
    const codeMatches = rule.code === null || rule.code === response.status;
    const causeMatches = rule.cause === null || rule.cause === response.cause;
    if (codeMatches && causeMatches) return rule.becomes;
  }
  return response.status;
}

/**
 * Whether the next trunk may be tried after this response to an attempt that had no 18x yet (after one, never: the caller decides that).
 * An emergency call goes on after every failure: its chain ends when every way was tried or the caller hangs up, which is no response.
 * 6xx ends an ordinary call even when listed: RFC 3261 §21.6 says no other location will do.
 */
export function mayTryNextTrunk(response: FinalResponse, rules: FailoverRules, emergency: boolean): boolean {
  if (emergency) return true;
  const status = treatedStatus(response, rules.responseRules);
  if (status >= 600) return false;
  return rules.failoverCodes.includes(status) || rules.failoverCodes.includes(Math.floor(status / 100));
}
