import type { CalleeView } from "./storm-callee.ts";
import type { CallerView } from "./storm-caller.ts";

/**
 * How long a call was up (ms), whatever its messages waited for on their way: from the called side's answer to the BYE of whoever hung up. All parties have one
 * clock. Null: it never was, or nobody ended it.
 */
export function callLengthMs(caller: CallerView, legs: readonly CalleeView[]): number | null {
  const ends = legs.flatMap((leg) => {
    const endMs = endOf(caller, leg);
    return leg.answerMs > 0 && leg.ackMs > 0 && endMs !== null ? [endMs - leg.answerMs] : [];
  });
  // Of two legs that were answered the one too many is ended at once.
  return ends.length === 0 ? null : Math.max(...ends);
}

function endOf({ byeStatus, endMs, byeCameMs }: CallerView, leg: CalleeView): number | null {
  const byCallee = leg.requests.find(({ method }) => method === "BYE");
  const sent = [byeStatus === null ? 0 : endMs, byCallee?.startMs ?? 0].filter((atMs) => atMs > 0);
  // A BYE comes after it was sent, but for that of a leg too many, which has its end before the call has.
  const came = sent.length > 0 ? [leg.byeCameMs] : [byeCameMs, leg.byeCameMs];
  const known = [...sent, ...came.filter((atMs) => atMs > 0)];
  return known.length === 0 ? null : Math.min(...known);
}
