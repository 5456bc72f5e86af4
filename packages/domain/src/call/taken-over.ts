import { isAttemptTimer } from "./attempt.ts";
import type { Call } from "./call.ts";
import type { CallEvent } from "./event.ts";
import { isLeftToAnother } from "./lost-edge.ts";

/**
 * Another worker sent the INVITE of the attempt under way again and hears its answers from now on: it has the call, from the record or, without the store, from the caller's INVITE. Of
 * an attempt that is over it says nothing about the call.
 */
export function isTakenOver({ hunt }: Call, event: CallEvent): boolean {
  if (event.kind !== "no-response" || event.failure !== "superseded") return false;
  return hunt?.current?.exchange === event.exchange;
}

/**
 * The same, said by the record: the event is of an INVITE of the attempt under way that another worker has sent again since. An edge that could not say so, for this process was cut off from it, gave
 * that one the call.
 */
export function isSentSince({ phase, hunt }: Call, event: CallEvent): boolean {
  const trying = hunt?.current ?? null;
  if (phase !== "setup" || trying === null) return false;
  if (event.kind === "no-response") return event.exchange === trying.exchange && isLeftToAnother(trying, event.sending);
  return event.kind === "timer" && isAttemptTimer(event.timer, trying) && isLeftToAnother(trying, event.sending);
}
