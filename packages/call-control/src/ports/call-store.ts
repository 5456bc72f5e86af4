import type { Failure, Result } from "@tandem/domain";

/**
 * Calls in Redis. The record is opaque here: `document` is what call-control serialised.
 * All keys of one call share one hash tag, so every method is one atomic step and one round trip.
 */
export interface CallStore {
  /** The store has been found not to answer for that call: who is in a hurry asks it, and does not wait. Heals with its first answer. */
  isAway(callId: string): boolean;
  load(callId: string): Promise<Result<StoredCall | null, Failure>>;
  /** `lastByes` of the `finish` of a call that ended within the last minute; empty for any other, a live one included. */
  lastByes(callId: string): Promise<Result<string, Failure>>;
  /**
   * Writes version 1. `exists` means another worker (or an earlier delivery) made it: load and go on from there. It is also the answer for a call that
   * ended within the last minute; `load` then gives null, and the INVITE is a late duplicate to absorb, not a new call.
   */
  create(call: CallWrite): Promise<Result<"created" | "exists", Failure>>;
  /**
   * Compare-and-set: writes version `expected + 1`. `conflict`: reload and run the transition again; `gone`: the call is over. `unknown`: there is no such call and none ended within
   * the last minute: the store lost it.
   */
  save(call: CallWrite, expected: number): Promise<Result<"saved" | "conflict" | "gone" | "unknown", Failure>>;
  /**
   * Removes the record and its load, and appends the CDRs, exactly once. `expected` 0: the call was never stored (refused at once, or served while
   * the store was away); its records are appended unless the call id is known (`conflict`) or lately over (`gone`).
   */
  finish(
    call: CallWrite,
    expected: number,
    records: readonly DetailRecord[],
  ): Promise<Result<"finished" | "conflict" | "gone", Failure>>;
  /** Up to `limit` calls whose deadline has passed, each leased to the caller for `leaseMs` (nobody else gets it meanwhile). */
  claimDue(nowMs: number, limit: number, leaseMs: number): Promise<Result<readonly StoredCall[], Failure>>;
  /**
   * Says that this worker attends to the callers of these calls for `forMs` to come, and gives calls of its pool whose caller waits and whose worker has not said so in its time, nor written the record. These count as
   * attended to from then on, so that one worker has each. Time is the store's own.
   */
  attend(attendance: Attendance): Promise<Result<readonly StoredCall[], Failure>>;
  /** Calls at once per trunk, cluster-wide, as counted by the records. */
  loads(): Promise<Result<ReadonlyMap<string, number>, Failure>>;
  /** Live calls, newest first, for the control API. */
  list(limit: number): Promise<Result<readonly StoredCall[], Failure>>;
  count(): Promise<Result<number, Failure>>;
}

export interface StoredCall {
  readonly callId: string;
  readonly version: number;
  readonly document: string;
}

export interface Attendance {
  readonly pool: string;
  /** Calls that this worker sets up; those whose caller does not wait over UDP need not be left out. */
  readonly mine: readonly string[];
  readonly forMs: number;
  /** Most calls given by each part of the store. */
  readonly limit: number;
}

export interface CallWrite {
  readonly callId: string;
  /** The record; empty and ignored in `finish`. */
  readonly document: string;
  /** Epoch milliseconds when somebody must look at the call (session expiry, setup bound); also the record's life plus a margin. */
  readonly deadlineMs: number;
  /** Trunks this call now occupies (ingress, egress), once per leg; the store keeps their loads equal to the records. */
  readonly trunks: readonly string[];
  /** Of a `finish`: what is remembered of the call as long as its id is. Default empty; ignored elsewhere. */
  readonly lastByes?: string;
  /** The pool that its caller came by. Absent: not known. */
  readonly pool?: string;
  /**
   * For so long (ms) its caller counts as attended to, who waits for an answer that any edge of that pool could give: should his worker and his edge be lost together, `attend` gives the call to another worker. Absent:
   * nobody waits so.
   */
  readonly attendedMs?: number;
  /**
   * The write is acknowledged once a second copy of the store has it, or after a bounded moment without one: what must not be lost with the store's
   * primary. Never a reason for the write to fail.
   */
  readonly needsCopy?: boolean;
}

export type DetailRecordKind = "call" | "attempt" | "emergency";

/**
 * One call detail record, attempt record or emergency record, JSON, with an id that makes redelivery harmless. Emergency records come out of a stream of
 * their own.
 */
export interface DetailRecord {
  readonly id: string;
  readonly kind: DetailRecordKind;
  readonly json: string;
}

/**
 * Cluster-wide limits of one trunk: a lease per call, owned by the call id, so that nothing leaks and releasing twice is harmless.
 */
export interface TrunkGate {
  /** Takes or renews a place for an ordinary call. Refused where the limit is reached; the places of emergency calls count, too. A renewal is never refused. */
  reserve(request: GateRequest): Promise<Result<"reserved" | "full" | "too-fast", Failure>>;
  /**
   * Takes or renews a place for an emergency call, never refused. Where `maxCalls` are taken and `preempts` is set, the oldest ordinary call loses its
   * lease to it; it is named, for the caller of this port to end it.
   */
  seize(request: SeizeRequest): Promise<Result<{ readonly victim: string | null }, Failure>>;
  release(trunk: string, callId: string): Promise<Result<void, Failure>>;
}

export interface SeizeRequest {
  readonly trunk: string;
  readonly callId: string;
  /** Calls of both kinds at once; 0: no limit. */
  readonly maxCalls: number;
  readonly preempts: boolean;
  readonly nowMs: number;
  /** The place lapses then unless renewed. */
  readonly untilMs: number;
}

export interface GateRequest {
  readonly trunk: string;
  readonly callId: string;
  /** Ordinary calls at once; 0: no limit. */
  readonly maxCalls: number;
  readonly maxCallsPerSecond: number;
  /** Places above `maxCalls` that only emergency calls take; those they hold beyond these count as places of ordinary calls. Default 0. */
  readonly keptForEmergency?: number;
  readonly nowMs: number;
  /** The lease lapses then unless renewed (a reservation by the same call renews). */
  readonly untilMs: number;
}
