import type { Call } from "./call.ts";
import type { CallEvent } from "./event.ts";

/**
 * Another worker sent the INVITE of the attempt under way again and hears its answers from now on: it has the call, from the record or, without the store, from the caller's INVITE. Of
 * an attempt that is over it says nothing about the call.
 */
export function isTakenOver({ hunt }: Call, event: CallEvent): boolean {
  if (event.kind !== "no-response" || event.failure !== "superseded") return false;
  return hunt?.current?.exchange === event.exchange;
}
