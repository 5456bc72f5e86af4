import { withDescription } from "./answer.ts";
import { respondToCaller } from "./caller.ts";
import { emergencyCaller } from "./emergency-transfer.ts";
import type { ReliableRelay } from "./party.ts";
import { acknowledgeProvisional } from "./reliable-provisionals.ts";
import { peerOf, type Place, type Turn } from "./turn.ts";

/** Repetitions of a response after which the next one is not waited for: 3.5 s after it was sent. */
const SPARED_REPEATS = 2;

/**
 * A caller who asks for help and sends no PRACK, although he says that he knows 100rel, is from now on taken for one that does not: the called side has its PRACK
 * from us, and the answer goes in the 200, which RFC 3262 §3 would withhold until the call is given up. Where his INVITE brought no offer, only he has the answer that
 * the PRACK must bring. False: nothing was changed.
 */
export function goOnWithoutPrack(turn: Turn, place: Place): boolean {
  const { call } = turn;
  const { caller } = call;
  const state = place.dialog.reliable;
  const waiting = state?.waiting ?? null;
  const called = peerOf(call, place);
  if (caller === null || state === null || waiting === null || called === null) return false;
  if (emergencyCaller(call) === null || !caller.offered || waiting.resends < SPARED_REPEATS) return false;
  call.caller = { ...caller, reliable: "no" };
  place.dialog.reliable = null;
  const unacknowledged: readonly ReliableRelay[] = [waiting, ...state.queue];
  // The offer of the INVITE has no answer yet (RFC 3261 §13.3.1: only a reliable response gives it): what the caller had was a preview.
  if (unacknowledged.some(({ hasDescription }) => hasDescription)) place.dialog.offer = "received";
  for (const relay of unacknowledged) acknowledge(turn, called, relay);
  for (const { response } of state.queue) respondToCaller(turn, call.caller, place, response);
  const { held } = caller;
  if (held?.dialog === called.dialog.id) call.caller.held = withDescription(held, called.dialog.sdp);
  return true;
}

/** A called side that answered needs no PRACK any more. */
function acknowledge(turn: Turn, called: Place, { rack }: ReliableRelay): void {
  if (rack !== null && !called.dialog.confirmed) acknowledgeProvisional(turn, called, Number(rack.split(" ", 1)[0]));
}
