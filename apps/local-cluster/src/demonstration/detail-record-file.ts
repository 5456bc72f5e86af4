import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { AttemptDetailRecord, CallDetailRecord } from "@tandem/domain";

/** The records of one call. */
export interface CallRecords {
  readonly call: CallDetailRecord;
  readonly attempts: readonly AttemptDetailRecord[];
}

/**
 * Waits until the JSON lines file holds the call with that SIP Call-ID and all its attempts.
 * @returns null when it does not within `limitMs`.
 */
export async function awaitRecords(file: string, sipCallId: string, limitMs: number): Promise<CallRecords | null> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const records = findRecords(await readFile(file, "utf8").catch(() => ""), sipCallId);
    if (records !== null || Date.now() > deadline) return records;
    await delay(50);
  }
}

/** @returns null until the call's record and those of all its attempts are there. A record that came twice counts once. */
export function findRecords(lines: string, sipCallId: string): CallRecords | null {
  const all = lines
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as CallDetailRecord | AttemptDetailRecord);
  const call = all.find(
    (record): record is CallDetailRecord => record.kind === "call" && record.sipCallId === sipCallId,
  );
  if (call === undefined) return null;
  const ofCall = all.filter(
    (record): record is AttemptDetailRecord => record.kind === "attempt" && record.callId === call.callId,
  );
  const attempts = [...new Map(ofCall.map((record) => [record.id, record])).values()].toSorted(
    (one, other) => one.number - other.number,
  );
  return attempts.length < call.attempts ? null : { call, attempts };
}
