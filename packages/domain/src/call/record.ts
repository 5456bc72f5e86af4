import { err, ok, type Result } from "../lang/result.ts";
import type { Call, Dialog, Hunt } from "./call.ts";

/** Time given to a setup beyond the ring timer before it counts as abandoned by a dead worker. */
const SETUP_MARGIN_MS = 40_000;
/** Ring timer of a trunk that sets none. */
const DEFAULT_RING_MS = 180_000;

/** The record as text. */
export function serialiseCall(call: Call): string {
  return JSON.stringify(call);
}

/** Reads a record back; a shape of another version or no record at all is refused. */
export function parseCall(text: string): Result<Call, "not-a-call"> {
  try {
    const value: unknown = JSON.parse(text);
    const known = typeof value === "object" && value !== null && "v" in value && value.v === 1 && "id" in value;
    return known ? ok(value as Call) : err("not-a-call");
  } catch {
    return err("not-a-call");
  }
}

/** Epoch milliseconds when somebody must look at the call although nothing came: it gets the event `deadline` then. */
export function callDeadline(call: Call): number {
  if (call.phase === "new" || call.phase === "over") return call.createdMs + SETUP_MARGIN_MS;
  if (call.phase === "ending") return call.endByMs;
  if (call.phase === "setup") return huntDeadline(call.hunt, call.createdMs);
  return Math.min(
    call.auditAtMs,
    transferDeadline(call),
    ...call.parties.flatMap(({ dialogs }) => dialogs.map(dialogDue)),
  );
}

function dialogDue({ timer, retryAtMs }: Dialog): number {
  return Math.min(timer?.actAtMs ?? Infinity, retryAtMs === 0 ? Infinity : retryAtMs);
}

/** When a transfer counts as abandoned by a dead worker; `Infinity` without one. */
export function transferDeadline(call: Call): number {
  const { transfer, hunt } = call;
  if (transfer === null) return Infinity;
  return hunt === null ? transfer.atMs + SETUP_MARGIN_MS : huntDeadline(hunt, transfer.atMs);
}

function huntDeadline(hunt: Hunt | null, sinceMs: number): number {
  const current = hunt?.current ?? null;
  if (current === null || current.sentMs === 0) return sinceMs + DEFAULT_RING_MS + SETUP_MARGIN_MS;
  return current.sentMs + (current.plan.ringTimeoutMs || DEFAULT_RING_MS) + SETUP_MARGIN_MS;
}

/** Trunks this call occupies now, each once: the ingress trunk and the one of every party still connected or being called. */
export function occupiedTrunks(call: Call): readonly string[] {
  const trunks = new Set(call.parties.map((party) => party.profile.trunk));
  const trying = call.hunt?.current?.plan.profile.trunk;
  if (trying !== undefined) trunks.add(trying);
  return call.phase === "over" ? [] : [...trunks];
}
