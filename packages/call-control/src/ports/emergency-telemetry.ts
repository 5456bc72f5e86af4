import type { AlarmCause, DeskOutcome } from "@tandem/domain";

/** What a worker tells the outside about emergency calls: figures only, no numbers and no places. */
export interface EmergencyTelemetry {
  /** `outcome`: `answered`, or whose fault it was. */
  attemptEnded(trunk: string, outcome: string): void;
  /** INVITE received → first 18x or 2xx passed to the caller, over all attempts (ms). */
  ringing(pool: string, ms: number): void;
  /** What kind of location the call had. */
  location(kind: "value" | "reference" | "lis" | "site-default" | "none"): void;
  /** A step before the INVITE failed or took too long; the call went on without it. */
  preparationFailed(step: "identity" | "location" | "callback" | "notice"): void;
  /** An ordinary call on `trunk` was ended to make room. */
  preempted(trunk: string): void;
  /** A call from `trunk` to somebody in the callback window. */
  callback(trunk: string): void;
  /** An emergency call goes on, and somebody must look at it. */
  alarm(cause: AlarmCause): void;
  /** What became of a security desk that is to hear a call by a leg of ours. */
  desk(outcome: DeskOutcome): void;
  /** Notices this worker has and the store does not. */
  noticesWaiting(count: number): void;
}
