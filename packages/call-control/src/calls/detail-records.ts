import { detailRecords, emergencyRecord, type Call } from "@tandem/domain";
import type { DetailRecord } from "../ports/index.ts";

/** The records of a call that ended at `nowMs`: of the call, of each attempt, and of an emergency call the one that is kept apart. */
export function recordsOf(call: Call, nowMs: number): readonly DetailRecord[] {
  const { call: record, attempts } = detailRecords(call, nowMs);
  const emergency = emergencyRecord(call, nowMs);
  const all = [record, ...attempts, ...(emergency === null ? [] : [emergency])];
  return all.map((each) => ({ id: each.id, kind: each.kind, json: JSON.stringify(each) }));
}
