import type { FailureCode } from "@tandem/domain";
import type { LoadMeter } from "../ports/index.ts";

export interface AdmissionLimits {
  /** Calls one worker sets up at once; more are refused with 503. Default 2 000. */
  readonly maxSetups: number;
  /** Lasting event-loop delay (`LoadMeter`, ms) from which on new calls are refused. Default 500. */
  readonly maxLagMs: number;
}

export const DEFAULT_ADMISSION: AdmissionLimits = { maxSetups: 2_000, maxLagMs: 500 };

/** What `refusal` looks at. */
export interface AdmissionState {
  readonly draining: boolean;
  readonly storeAway: boolean;
  readonly setups: number;
}

/** Why this worker takes no ordinary call now, or null. Emergency calls never ask. */
export function refuseOrdinary(state: AdmissionState, limits: AdmissionLimits, load: LoadMeter): FailureCode | null {
  if (state.draining) return "draining";
  if (state.storeAway) return "store-unavailable";
  return state.setups >= limits.maxSetups || load.lagMs() > limits.maxLagMs ? "overload" : null;
}
