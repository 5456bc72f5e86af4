import type { EmergencyFacts } from "../emergency/preparation.ts";
import type { FailureCode } from "../failure/failure.ts";
import type { Consideration } from "../routing/decision.ts";
import type { Call } from "./call.ts";
import { emergencyPart } from "./emergency-transfer.ts";
import type { DeskStep } from "./desk-step.ts";
import { detailRecords, type AttemptDetailRecord } from "./cdr.ts";

/**
 * The proof of one emergency call: who called, from where, every way out that was tried and how each fared. Kept apart from ordinary records, for it holds
 * places, and for as long as the law wants it. Times are epoch milliseconds; null: never happened.
 */
export interface EmergencyDetailRecord {
  readonly kind: "emergency";
  /** `<callId>-emergency`: a record that comes twice is the same record. */
  readonly id: string;
  readonly callId: string;
  readonly sipCallId: string;
  readonly pool: string;
  readonly ingressTrunk: string;
  readonly egressTrunk: string | null;
  readonly callingNumber: string;
  readonly calledNumber: string;
  /** What was known of the call: service, policy, site, callback number, ELIN, ERL, the location and how it came, identifiers. */
  readonly emergency: EmergencyFacts;
  /** `cancelled`: the caller hung up before an answer. */
  readonly outcome: "answered" | "cancelled" | "failed";
  readonly startMs: number;
  readonly ringMs: number | null;
  readonly answerMs: number | null;
  readonly endMs: number;
  /** INVITE received → first 18x or 2xx passed to the caller. */
  readonly timeToRingingMs: number | null;
  readonly durationMs: number;
  readonly sipCode: number;
  readonly failure: FailureCode | null;
  readonly endedBy: "caller" | "callee" | "system";
  readonly attempts: readonly EmergencyAttempt[];
  readonly considered: readonly Consideration[];
  /** What became of the security desk that was to hear the call, in order; empty: none was to. */
  readonly desk: readonly DeskStep[];
}

/** One way out that was tried. */
export type EmergencyAttempt = Omit<AttemptDetailRecord, "kind" | "id" | "callId">;

/** The emergency record of a call that ended at `nowMs` (or of a running one, as if it ended now); null for an ordinary call. */
export function emergencyRecord(whole: Call, nowMs: number): EmergencyDetailRecord | null {
  const call = emergencyPart(whole);
  const { emergency, ringMs, answerMs } = call.facts;
  if (emergency === null) return null;
  const { call: record, attempts } = detailRecords(call, nowMs);
  const { callId, sipCallId, pool, ingressTrunk, egressTrunk, callingNumber, calledNumber } = record;
  const { startMs, endMs, durationMs, sipCode, failure, endedBy, considered } = record;
  return {
    kind: "emergency",
    id: `${call.id}-emergency`,
    callId,
    sipCallId,
    pool,
    ingressTrunk,
    egressTrunk,
    callingNumber,
    calledNumber,
    emergency,
    outcome: outcomeOf(answerMs, failure),
    startMs,
    ringMs: record.ringMs,
    answerMs: record.answerMs,
    endMs,
    timeToRingingMs: ringMs === 0 && answerMs === 0 ? null : (ringMs === 0 ? answerMs : ringMs) - startMs,
    durationMs,
    sipCode,
    failure,
    endedBy,
    attempts: attempts.map(({ kind: _kind, id: _id, callId: _call, ...attempt }) => attempt),
    considered,
    desk: call.facts.desk,
  };
}

function outcomeOf(answerMs: number, failure: FailureCode | null): EmergencyDetailRecord["outcome"] {
  if (answerMs > 0) return "answered";
  return failure === "caller-cancelled" ? "cancelled" : "failed";
}
