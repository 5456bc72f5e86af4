import type { Call } from "@tandem/domain";
import type { CallbackEnd } from "../ports/index.ts";

/** What the book of callbacks is told when an emergency call is over; null for an ordinary call. The window runs from `nowMs`. */
export function callbackEndOf(call: Call, windowMs: number, nowMs: number): CallbackEnd | null {
  const { emergency } = call.facts;
  if (emergency === null) return null;
  const { callbackNumber, elin } = emergency;
  return { callId: call.id, callbackNumber, elin, nowMs, untilMs: nowMs + windowMs };
}
