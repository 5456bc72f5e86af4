import type { EmergencyFacts } from "../emergency/preparation.ts";
import type { FailureCode } from "../failure/failure.ts";
import type { Consideration } from "../routing/decision.ts";
import type { Call } from "./call.ts";
import { ladder, type LadderEntry } from "./ladder.ts";

/** One per call, whatever became of it. Times are epoch milliseconds; null: never happened. */
export interface CallDetailRecord {
  readonly kind: "call";
  /** The call id: a record that comes twice is the same record. */
  readonly id: string;
  readonly callId: string;
  /** Call-ID of the caller's dialog, to find the call in the peer's records. */
  readonly sipCallId: string;
  readonly pool: string;
  readonly ingressTrunk: string;
  /** Trunk of the attempt that was answered, else of the last one. */
  readonly egressTrunk: string | null;
  readonly route: string | null;
  readonly callingNumber: string;
  readonly calledNumber: string;
  /** Without the place: that is for the emergency record only. */
  readonly emergency: OrdinaryEmergencyFacts | null;
  /** Set on a callback to somebody who made an emergency call: that call's id, where it is known. */
  readonly callback: { readonly callId: string | null } | null;
  readonly startMs: number;
  readonly ringMs: number | null;
  readonly answerMs: number | null;
  readonly endMs: number;
  /** INVITE received → first 18x or 2xx passed to the caller. */
  readonly postDialDelayMs: number | null;
  /** Answer → end; 0 when never answered. */
  readonly durationMs: number;
  /** Final status of the caller's INVITE; 487 after CANCEL; 0 when it never had one. */
  readonly sipCode: number;
  readonly q850: number | null;
  readonly failure: FailureCode | null;
  readonly endedBy: "caller" | "callee" | "system";
  readonly transferred: boolean;
  readonly attempts: number;
  readonly considered: readonly Consideration[];
  readonly ladder: readonly LadderEntry[];
}

/** What of an emergency call anybody may read who reads ordinary records. */
type OrdinaryEmergencyFacts = Omit<EmergencyFacts, "place">;

/** One per attempt. */
export interface AttemptDetailRecord {
  readonly kind: "attempt";
  /** `<callId>-<number from 1>`. */
  readonly id: string;
  readonly callId: string;
  readonly number: number;
  readonly trunk: string;
  readonly route: string | null;
  readonly callingNumber: string;
  readonly calledNumber: string;
  /** The INVITE of an emergency call had the session description alone, for this trunk refused more. */
  readonly descriptionOnly?: true;
  readonly startMs: number;
  readonly ringMs: number | null;
  readonly answerMs: number | null;
  readonly endMs: number;
  readonly sipCode: number;
  readonly q850: number | null;
  /** `answered` or a failure code. */
  readonly outcome: string;
}

/** The detail records of a call that ended at `nowMs` (or of a running one, as if it ended now). */
export function detailRecords(
  call: Call,
  nowMs: number,
): { readonly call: CallDetailRecord; readonly attempts: readonly AttemptDetailRecord[] } {
  return {
    call: callRecord(call, nowMs),
    attempts: call.attempts.map((_, index) => attemptRecord(call, index, nowMs)),
  };
}

function callRecord(call: Call, nowMs: number): CallDetailRecord {
  const { facts } = call;
  const taken = call.attempts.find((attempt) => attempt.answerMs > 0) ?? call.attempts.at(-1);
  const endMs = facts.endMs === 0 ? nowMs : facts.endMs;
  const heardMs = facts.ringMs === 0 ? facts.answerMs : facts.ringMs;
  return {
    kind: "call",
    id: call.id,
    callId: call.id,
    sipCallId: facts.sipCallId,
    pool: facts.pool,
    ingressTrunk: facts.ingressTrunk,
    egressTrunk: taken?.trunk ?? null,
    route: taken?.route ?? null,
    callingNumber: facts.callingNumber,
    calledNumber: facts.calledNumber,
    emergency: withoutPlace(facts.emergency),
    callback: facts.callback,
    startMs: call.createdMs,
    ringMs: whenKnown(facts.ringMs),
    answerMs: whenKnown(facts.answerMs),
    endMs,
    postDialDelayMs: heardMs === 0 ? null : heardMs - call.createdMs,
    durationMs: facts.answerMs === 0 ? 0 : endMs - facts.answerMs,
    sipCode: facts.sipCode,
    q850: facts.q850,
    failure: facts.failure,
    endedBy: facts.endedBy ?? "system",
    transferred: facts.transferred,
    attempts: call.attempts.length,
    considered: facts.considered,
    ladder: ladder(call),
  };
}

function withoutPlace(facts: EmergencyFacts | null): OrdinaryEmergencyFacts | null {
  if (facts === null) return null;
  const { place: _place, ...others } = facts;
  return others;
}

function attemptRecord(call: Call, index: number, nowMs: number): AttemptDetailRecord {
  const attempt = call.attempts[index];
  return {
    kind: "attempt",
    id: `${call.id}-${index + 1}`,
    callId: call.id,
    number: index + 1,
    trunk: attempt?.trunk ?? "",
    route: attempt?.route ?? null,
    callingNumber: attempt?.callingNumber ?? "",
    calledNumber: attempt?.calledNumber ?? "",
    ...(attempt?.descriptionOnly === true && { descriptionOnly: true }),
    startMs: attempt?.startMs ?? call.createdMs,
    ringMs: whenKnown(attempt?.ringMs ?? 0),
    answerMs: whenKnown(attempt?.answerMs ?? 0),
    // One that was answered ended with the call: the record may be made half a minute later.
    endMs: whenKnown(attempt?.endMs ?? 0) ?? whenKnown(call.facts.endMs) ?? nowMs,
    sipCode: attempt?.sipCode ?? 0,
    q850: attempt?.q850 ?? null,
    outcome: attempt?.outcome ?? "",
  };
}

function whenKnown(timeMs: number): number | null {
  return timeMs === 0 ? null : timeMs;
}
