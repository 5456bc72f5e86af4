import type { Call } from "./call.ts";
import type { Exchange } from "./exchange.ts";
import type { Hunt } from "./hunt.ts";
import type { Dialog } from "./party.ts";

/** How long an established call is left alone before its peers are asked whether it still lives (RFC 5057 §5.3 and §5.5), in ms. */
export const AUDIT_AFTER_MS = 1_800_000;

/** Time given to a setup beyond the ring timer before it counts as abandoned by a dead worker. */
const SETUP_MARGIN_MS = 40_000;
/** Time given to a worker for what it does at once or by timers, when somebody waits for help: longer than a worker that lives is ever late. */
const WORKER_MARGIN_MS = 5_000;
/** Longest ringing while no attempt says otherwise. */
const DEFAULT_RING_MS = 180_000;
/** Longest ringing on a trunk whose ring timer is off. */
const ENDLESS_RING_MS = 3_600_000;

/** Epoch milliseconds when somebody must look at the call although nothing came: it gets the event `deadline` then. */
export function callDeadline(call: Call): number {
  const dueMs = essentialDeadline(call);
  return call.phase === "up" ? Math.min(dueMs, relayDeadline(call)) : dueMs;
}

/** The same without the look after the media relay: when nobody takes that, the two still talk, so it is no sign that the call is lost. */
export function essentialDeadline(call: Call): number {
  if (call.phase === "new" || call.phase === "over") return call.createdMs + SETUP_MARGIN_MS;
  if (call.phase === "ending") return call.endByMs;
  if (call.phase === "setup") return huntDeadline(call.hunt, call.createdMs);
  return Math.min(
    call.auditAtMs,
    transferDeadline(call),
    ...call.exchanges.map((exchange) => exchangeDeadline(call, exchange)),
    ...call.parties.flatMap(({ dialogs }) => dialogs.map(dialogDue)),
  );
}

function dialogDue({ timer, retryAtMs }: Dialog): number {
  return Math.min(timer?.actAtMs ?? Infinity, retryAtMs === 0 ? Infinity : retryAtMs);
}

/** When an exchange in a dialog counts as lost with the worker that sent it: later than any answer the edge would have brought. */
export function exchangeDeadline({ hunt }: Call, { id, method, sentMs }: Exchange): number {
  if (hunt?.current?.exchange === id) return Infinity;
  return sentMs + SETUP_MARGIN_MS + (method === "INVITE" ? DEFAULT_RING_MS : 0);
}

/** When somebody must look after a transfer whose worker may be dead; `Infinity` without one. Somebody who asks for help does not wait longer than he must. */
export function transferDeadline(call: Call): number {
  const { transfer, hunt } = call;
  if (transfer === null) return Infinity;
  if (hunt === null) return Math.min(transfer.askedMs + WORKER_MARGIN_MS, lostTransferMs(call));
  return hunt.preparation === null ? lostTransferMs(call) : Math.min(wayDeadline(call, hunt), lostTransferMs(call));
}

/** When a transfer is given up as lost, whoever is at it; `Infinity` without one. */
export function lostTransferMs({ transfer, hunt }: Call): number {
  if (transfer === null) return Infinity;
  return hunt === null ? transfer.atMs + SETUP_MARGIN_MS : huntDeadline(hunt, transfer.atMs);
}

/** When the worker that tries a way to help would have gone on from it by its own timers. A phone that rings is left to ring. */
function wayDeadline({ attempts }: Call, { current }: Hunt): number {
  if (current === null) return Infinity;
  const { state, sentMs, moves, plan } = current;
  if (state === "gate") return (attempts[current.attempt]?.startMs ?? 0) + WORKER_MARGIN_MS;
  if (state === "progress" || plan.progressTimeoutMs === 0) return Infinity;
  // Its timers begin anew with each edge.
  return sentMs + (moves + 1) * Math.max(plan.connectTimeoutMs, plan.progressTimeoutMs) + WORKER_MARGIN_MS;
}

/** When somebody must ask whether the media relay still has the call; `Infinity` without one. */
export function relayDeadline({ desk }: Call): number {
  return desk === null || desk.lost || !desk.called ? Infinity : desk.checkAtMs;
}

function huntDeadline(hunt: Hunt | null, sinceMs: number): number {
  const current = hunt?.current ?? null;
  if (current === null || current.sentMs === 0) return sinceMs + DEFAULT_RING_MS + SETUP_MARGIN_MS;
  return current.sentMs + (current.plan.ringTimeoutMs || ENDLESS_RING_MS) + SETUP_MARGIN_MS;
}
