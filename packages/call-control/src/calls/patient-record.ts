import type { Call, CallEvent, Effect, Failure, Result } from "@tandem/domain";
import type { Clock } from "../ports/index.ts";
import type { CallRecord, SaveOutcome } from "./call-record.ts";
import { patiently } from "./patiently.ts";

type Found = Result<Call | null, Failure>;

/** Reads a record; a store that is away is waited for. */
export function readPatiently(clock: Clock, read: () => Promise<Found>): Promise<Found> {
  return patiently(clock, read, (found) => !found.ok && found.error.code === "store-unavailable");
}

/** The state after an event, and what the event asks for. */
interface After {
  readonly call: Call;
  readonly event: CallEvent;
  readonly effects: readonly Effect[];
}

/** Stores the state after an event. An ordinary call that was never stored waits for a store that is away; any other goes on. */
export async function storePatiently(
  record: CallRecord,
  clock: Clock,
  { call, event, effects }: After,
): Promise<SaveOutcome> {
  const first = await record.save(call, event, effects);
  if (first !== "unstored" || mayGoOnUnstored(call, record.version)) return first;
  return patiently(
    clock,
    () => record.saveAgain(call),
    (outcome) => outcome === "unstored",
  );
}

/** A call that was stored once goes on from memory; a new one may only when it is an emergency call or a callback to one. */
export function mayGoOnUnstored(call: Call, version: number): boolean {
  return version > 0 || call.facts.emergency !== null || call.facts.callback !== null;
}
