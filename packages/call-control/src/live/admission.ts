import { spread, type FailureCode } from "@tandem/domain";
import type { EdgeWait } from "../ports/index.ts";

export interface AdmissionLimits {
  /** Calls one worker sets up at once; more are refused with 503. Default 2 000. */
  readonly maxSetups: number;
  /** Lasting event-loop delay (`LoadMeter`, ms) from which on new calls are refused. Default 500. */
  readonly maxLagMs: number;
  /** Wait of messages in front of this process (`LoadMeter`, ms) at which all new calls are refused; some are from half of it on. Default 500, RFC 3261's T1: from there on every request comes twice. */
  readonly maxWaitMs: number;
}

export const DEFAULT_ADMISSION: AdmissionLimits = { maxSetups: 2_000, maxLagMs: 500, maxWaitMs: 500 };

/** What an admission looks at. */
export interface AdmissionState {
  readonly draining: boolean;
  readonly storeAway: boolean;
  readonly setups: number;
  /** Delay of the event loop, milliseconds. */
  readonly lagMs: number;
  /** Of the edge that the call came by. */
  readonly wait: EdgeWait;
  /** New ordinary calls a second that come to this worker. */
  readonly callsPerSecond: number;
}

/** With fewer new calls a second it is not they that make others wait, and refusing some helps nobody. */
const FEW_CALLS = 100;

/** Why a worker in this state takes no ordinary call of this id, or null: the same for the same call, however often it is asked. Emergency calls never ask. */
export function ordinaryRefusal(callId: string, state: AdmissionState, limits: AdmissionLimits): FailureCode | null {
  const closed = closedFor(state);
  if (closed !== null) return closed;
  const isFull = state.setups >= limits.maxSetups || state.lagMs > limits.maxLagMs;
  return isFull || spread(callId, "admission") >= shareTaken(state, limits) ? "overload" : null;
}

/** Why a worker takes no ordinary call at all until somebody changes that, or null. */
export function closedFor({ draining, storeAway }: Pick<AdmissionState, "draining" | "storeAway">): FailureCode | null {
  if (draining) return "draining";
  return storeAway ? "store-unavailable" : null;
}

/**
 * All calls while messages wait less than half of the limit, none when they wait for all of it, and that share of them in between. A refused call costs a tenth of one that is served: so the
 * queue finds a length at which those that are taken, emergency calls and what belongs to calls that are up are served in time, whereas who begins to serve all of them serves none.
 */
function shareTaken({ wait, callsPerSecond }: AdmissionState, { maxWaitMs }: AdmissionLimits): number {
  // What waits for the edge is of all calls that come by it; what waits for this process is of its own.
  const receiveMs = (wait.callsPerSecond ?? callsPerSecond) < FEW_CALLS ? 0 : wait.receiveMs;
  const lineMs = callsPerSecond < FEW_CALLS ? 0 : wait.lineMs;
  return 2 - (2 * (receiveMs + lineMs)) / maxWaitMs;
}
