import { abandonedCall, essentialDeadline, parseCall } from "@tandem/domain";
import { callbackEndOf } from "../calls/callback-end.ts";
import { recordsOf } from "../calls/detail-records.ts";
import type { CallbackBook, CallStore, Clock, DetailRecord, GateLedger, StoredCall } from "../ports/index.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import type { RoundEnd } from "../timing/repeat.ts";

export interface ExpiredCallPorts {
  readonly store: CallStore;
  readonly gate: GateLedger;
  readonly callbacks: CallbackBook;
  readonly clock: Clock;
  readonly observer: ControllerObserver;
}

/** How long past its deadline a call waits for a worker, and how long its caller can be called back; milliseconds. */
export interface SweepTimes {
  readonly graceMs: number;
  readonly callbackWindowMs: number;
}

const BATCH = 64;
/** Nobody else looks at a claimed call meanwhile. */
const LEASE_MS = 15_000;

/**
 * Ends calls whose deadline passed more than `graceMs` ago and whom no worker took: no worker of any pool is left that could. The peers are not told, there
 * is nobody to tell them; record, loads and leases go, and the detail records say `node-lost`. A call that only its media relay was to be asked about is left alone.
 */
export async function sweepExpiredCalls(
  ports: ExpiredCallPorts,
  { graceMs, callbackWindowMs }: SweepTimes,
): Promise<RoundEnd> {
  const { store, clock, observer } = ports;
  // The store counts the lease from the time it is given, which lies in the past here.
  const due = await store.claimDue(clock.now() - graceMs, BATCH, graceMs + LEASE_MS);
  if (!due.ok) return "rest";
  const lostMs = clock.now() - graceMs;
  const ended = await Promise.all(due.value.map((stored) => endCall(ports, stored, { lostMs, callbackWindowMs })));
  const count = ended.filter(Boolean).length;
  if (count > 0) {
    observer.swept(count);
    observer.log("warn", "calls without a worker ended", { calls: count });
  }
  return due.value.length === BATCH ? "again" : "rest";
}

/** `lostMs`: a call is lost whose essential deadline was before. Any other stays, and whatever worker comes finds it due when the lease ends. */
async function endCall(
  ports: ExpiredCallPorts,
  stored: StoredCall,
  { lostMs, callbackWindowMs }: { readonly lostMs: number; readonly callbackWindowMs: number },
): Promise<boolean> {
  const { store, gate, clock, callbacks } = ports;
  const nowMs = clock.now();
  const parsed = parseCall(stored.document);
  if (parsed.ok && essentialDeadline(parsed.value) > lostMs) return false;
  const call = parsed.ok ? abandonedCall(parsed.value, nowMs) : null;
  const records = call === null ? [illegibleRecord(stored, nowMs)] : recordsOf(call, nowMs);
  const place = { callId: stored.callId, document: "", deadlineMs: nowMs, trunks: [] };
  const write = call === null ? place : { ...place, pool: call.facts.pool };
  const finished = await store.finish(write, stored.version, records);
  if (!finished.ok || finished.value !== "finished") return false;
  const end = call === null ? null : callbackEndOf(call, callbackWindowMs, nowMs);
  if (end !== null) await callbacks.end(end);
  await Promise.all((call?.reserved ?? []).map((trunk) => gate.release(trunk, stored.callId)));
  return true;
}

/** All that can be said of a record nobody can read: that there was a call. */
function illegibleRecord({ callId }: StoredCall, nowMs: number): DetailRecord {
  const record = { kind: "call", id: callId, callId, endMs: nowMs, failure: "state-lost", endedBy: "system" };
  return { id: callId, kind: "call", json: JSON.stringify(record) };
}
