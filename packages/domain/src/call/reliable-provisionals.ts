import type { HeaderLine } from "@tandem/sip";
import type { WaitingInvite } from "./hunt.ts";
import type { Dialog, ReliableRelay, ReliableState } from "./party.ts";
import { respondToCaller } from "./caller.ts";
import { spread } from "./identity.ts";
import type { LegProfile } from "./leg-profile.ts";
import { sendInDialog } from "./outgoing.ts";
import { partyOf, reliableTimer, startTimer, stopTimer, type Place, type Turn } from "./turn.ts";

/** T1 and 64*T1 of RFC 3261 §17.1.1.1, which RFC 3262 §3 uses for provisional responses. */
const T1_MS = 500;
const GIVE_UP_MS = 64 * T1_MS;

/** RFC 3262 §4: reliable responses are taken in order and once; others are left to be repeated. */
export function isNextReliable(dialog: Dialog, rseq: number): boolean {
  return dialog.reliable === null || rseq === dialog.reliable.taken + 1;
}

/** Whether a provisional response goes to the caller reliably: as the called side did, or as caller or trunk demand. */
export function wantsReliable(caller: WaitingInvite, profile: LegProfile, calledDid: boolean): boolean {
  if (profile.reliableProvisional === "off" || caller.reliable === "no") return false;
  return calledDid || caller.reliable === "required" || profile.reliableProvisional === "require";
}

/** PRACK of our own: the caller does not take part (RFC 3262 §4). */
export function acknowledgeProvisional(turn: Turn, called: Place, rseq: number): void {
  called.dialog.reliable = { taken: rseq, sent: 0, waiting: null, queue: [] };
  const rack = `${rseq} ${called.party.inviteCseq} INVITE`;
  sendInDialog(turn, called, { method: "PRACK", headers: [["RAck", rack]], body: "" }, { kind: "prack" });
}

/** Provisional responses that may wait for the PRACK of an earlier one. */
const MOST_QUEUED = 20;

/** Whether one more would wait for nobody: it counts as lost on its way, and a called side that needs its PRACK repeats it (RFC 3262 §3). */
export function isCrowded({ reliable }: Dialog): boolean {
  return reliable !== null && reliable.queue.length >= MOST_QUEUED;
}

/** Sends a provisional response reliably, after the one before has its PRACK (RFC 3262 §3). */
export function sendReliably(turn: Turn, caller: WaitingInvite, place: Place, relay: ReliableRelay): void {
  const { dialog } = place;
  const state: ReliableState = (dialog.reliable ??= { taken: 0, sent: 0, waiting: null, queue: [] });
  if (state.waiting === null) startReliable(turn, caller, place, relay);
  else state.queue.push(relay);
}

function startReliable(turn: Turn, caller: WaitingInvite, place: Place, relay: ReliableRelay): void {
  const { dialog } = place;
  const state = dialog.reliable;
  if (state === null) return;
  // RFC 3262 §3: the first number is anything, the next ones follow without a gap.
  state.sent = state.sent === 0 ? 1 + spread(`${turn.call.id}-${dialog.id}-rseq`, 0xffff) : state.sent + 1;
  state.waiting = { ...relay, rseq: state.sent, sentMs: turn.now, resends: 0 };
  transmit(turn, caller, place);
  startTimer(turn, reliableTimer(dialog), T1_MS);
}

function transmit(turn: Turn, caller: WaitingInvite, place: Place): void {
  const waiting = place.dialog.reliable?.waiting ?? null;
  if (waiting === null) return;
  const marks: readonly HeaderLine[] = [
    ["Require", "100rel"],
    ["RSeq", String(waiting.rseq)],
  ];
  const { response } = waiting;
  respondToCaller(turn, caller, place, { ...response, headers: [...marks, ...response.headers] });
}

/**
 * No PRACK yet: the response is sent again, at twice the interval each time. After 64*T1 it is over: `expired` tells the caller of this
 * function to reject the INVITE (RFC 3262 §3).
 */
export function onReliableTimer(turn: Turn, place: Place): "repeated" | "expired" | "stale" {
  const { caller } = turn.call;
  const waiting = place.dialog.reliable?.waiting ?? null;
  if (caller === null || waiting === null) return "stale";
  const nextMs = T1_MS * 2 ** (waiting.resends + 1);
  const waitedMs = turn.now - waiting.sentMs;
  if (waitedMs >= GIVE_UP_MS) return "expired";
  waiting.resends += 1;
  transmit(turn, caller, place);
  startTimer(turn, reliableTimer(place.dialog), Math.min(nextMs, GIVE_UP_MS - waitedMs));
  return "repeated";
}

/** After the worker that kept the timers died: what waits for a PRACK is sent again. */
export function repeatReliable(turn: Turn): void {
  const { caller } = turn.call;
  const party = caller === null ? null : partyOf(turn.call, caller.party);
  for (const dialog of party?.dialogs ?? []) {
    if (caller === null || party === null || dialog.reliable?.waiting == null) continue;
    transmit(turn, caller, { party, dialog });
    startTimer(turn, reliableTimer(dialog), T1_MS);
  }
}

/** The PRACK of the response in waiting: gives that one back, and sends the next. Null when the PRACK fits none (RFC 3262 §3: 481). */
export function takePrack(turn: Turn, place: Place, rack: string): ReliableRelay | null {
  const { caller } = turn.call;
  const state = place.dialog.reliable;
  const waiting = state?.waiting ?? null;
  if (caller === null || state === null || waiting === null) return null;
  const [rseq, cseq, method] = rack.trim().split(/\s+/);
  if (Number(rseq) !== waiting.rseq || Number(cseq) !== caller.cseq || method !== "INVITE") return null;
  stopTimer(turn, reliableTimer(place.dialog));
  state.waiting = null;
  return waiting;
}

/** Sends the next provisional response that waited for a PRACK. */
export function sendQueued(turn: Turn, place: Place): void {
  const { caller } = turn.call;
  const next = place.dialog.reliable?.queue.shift();
  if (caller !== null && next !== undefined) startReliable(turn, caller, place, next);
}

/** RFC 3262 §3: no 2xx while a reliable response with a description has no PRACK. */
export function mustHold(dialog: Dialog): boolean {
  const state = dialog.reliable;
  if (state === null) return false;
  return state.waiting?.hasDescription === true || state.queue.some(({ hasDescription }) => hasDescription);
}
