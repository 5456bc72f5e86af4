import { callDeadline, occupiedTrunks, serialiseCall, type Call } from "@tandem/domain";
import type { CallWrite } from "../ports/index.ts";
import { ATTENDED_MS } from "./attendance.ts";

/** What the store keeps of a call. */
export function callWrite(call: Call): CallWrite {
  return { ...placeOfWrite(call), document: serialiseCall(call) };
}

/** The same without the record's text. */
export function placeOfWrite(call: Call): Omit<CallWrite, "document"> {
  const place = {
    callId: call.id,
    deadlineMs: callDeadline(call),
    trunks: occupiedTrunks(call),
    pool: call.facts.pool,
    ...(call.arrival !== null && { attendedMs: ATTENDED_MS }),
  };
  return call.facts.emergency === null ? place : { ...place, needsCopy: true };
}
