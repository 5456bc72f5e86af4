import {
  attemptPlans,
  callbackPlans,
  type AttemptPlan,
  type CompiledTrunk,
  type Decision,
  type LiveView,
} from "@tandem/domain";
import { parseNameAddr } from "@tandem/sip";
import type { InForce } from "../live/topology-in-force.ts";
import type { Callback, IncomingRequest } from "../ports/index.ts";
import { decideRequest } from "./arrival.ts";
import { claimsPsapCallback, isFromOutside, isPsapTrunk, withoutClaim } from "./psap-callback.ts";
import { uriFacts } from "./request-facts.ts";

/** A new INVITE with what was decided about it. */
export interface Arrived {
  readonly request: IncomingRequest;
  readonly trunk: CompiledTrunk | null;
  readonly decision: Decision;
  readonly inForce: InForce;
  /** Set when it is a callback to somebody who made an emergency call: outside all limits. */
  readonly callback: ArrivedCallback | null;
}

export interface ArrivedOnTrunk extends Arrived {
  readonly trunk: CompiledTrunk;
}

interface ArrivedCallback {
  /** The emergency call; null when a PSAP says that it calls back and nobody is known there. */
  readonly callId: string | null;
  readonly plans: readonly AttemptPlan[];
}

interface Lookup {
  /** Who is behind the number that is called. */
  readonly found: Callback | null;
  readonly callId: string;
  /** As calls see it that nothing holds up. */
  readonly live: LiveView;
}

/**
 * What a call is that may be a callback. In the window it goes to the caller, whatever the dial plan says of the number. A PSAP's own claim outside the window
 * (RFC 7090) takes the ordinary way without limits. Anybody else's claim is taken off.
 */
export function asCallback(arrived: Omit<ArrivedOnTrunk, "callback">, { found, callId, live }: Lookup): ArrivedOnTrunk {
  const { request, trunk, inForce } = arrived;
  if (found !== null && isFromOutside(trunk, found)) {
    const from = parseNameAddr(request.message.get("From") ?? "");
    const callingNumber = from === undefined ? "" : uriFacts(from.uri).user;
    const plans = callbackPlans(found.caller, callingNumber, inForce.snapshot);
    return { ...arrived, request: withoutClaim(request), callback: { callId: found.caller.callId, plans } };
  }
  if (!claimsPsapCallback(request.message)) return { ...arrived, callback: null };
  if (!isPsapTrunk(trunk)) return { ...arrived, request: withoutClaim(request), callback: null };
  const decision = decideRequest(request, trunk, callId, { inForce, live });
  if (decision.kind === "reject") return { ...arrived, decision, callback: null };
  const plans = attemptPlans(decision, inForce.snapshot).map((plan) => ({
    ...plan,
    maxCalls: 0,
    maxCallsPerSecond: 0,
  }));
  return { ...arrived, decision, callback: { callId: null, plans } };
}
