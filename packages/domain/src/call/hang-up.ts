import type { HeaderLine } from "@tandem/sip";
import type { FailureCode } from "../failure/catalogue.ts";
import { tellAnswered } from "./answered-edges.ts";
import { abandon } from "./attempt-end.ts";
import type { Call } from "./call.ts";
import type { ExchangeId } from "./event.ts";
import type { Unacked } from "./exchange.ts";
import type { DialogId } from "./identity.ts";
import type { Dialog, StoredResponse } from "./party.ts";
import { closeCaller, replyToCaller } from "./caller.ts";
import { beginEnding, type End } from "./ending.ts";
import { reasonsOf } from "./headers/reason.ts";
import { answerPending, sendAck, sendAgain, sendInDialog, type Payload } from "./outgoing.ts";
import { reply } from "./replies.ts";
import { placeOf, standingPlaces, type Place, type Turn } from "./turn.ts";

/** How everything of a call is ended. */
export interface HangUp {
  /** The dialog whose peer ended it already: no BYE goes there. */
  readonly except: DialogId | null;
  /** Reason and whatever else of the ending message goes to the other side. */
  readonly bye: Payload;
  readonly end: End;
  /** Final response to the caller's INVITE, if it still waits; null when the edge gave it. */
  readonly callerGets: StoredResponse | null;
}

/** Ends the call on every side: CANCEL to whom we call, BYE in every dialog, answers to everybody who waits for one. */
export function hangUp(turn: Turn, how: HangUp): void {
  const { call } = turn;
  if (call.phase === "new" || call.phase === "over") return;
  stopHunt(turn, how.end.failure ?? "caller-cancelled", reasonLines(how.bye));
  endCaller(turn, how);
  for (const { dialogs } of call.parties) for (const { id } of dialogs) answerWaiting(turn, id);
  for (const place of standingPlaces(call)) if (place.dialog.id !== how.except) endDialog(turn, place, how.bye);
  // Who hangs up has the 2xx, whatever became of his ACK.
  for (const unacked of call.unacked) if (unacked.dialog === how.except) tellAnswered(turn, unacked, null);
  call.unacked = call.unacked.filter(({ dialog }) => dialog !== how.except);
  call.owedByes = call.owedByes.filter(({ dialog }) => dialog !== how.except);
  beginEnding(turn, how.end);
}

/** What a CANCEL carries of it: RFC 3326 Reason. */
function reasonLines({ headers }: Payload): readonly HeaderLine[] {
  return headers.filter(([name]) => name.toLowerCase() === "reason");
}

function stopHunt(turn: Turn, failure: FailureCode, headers: readonly HeaderLine[]): void {
  const { call } = turn;
  const trying = call.hunt?.current ?? null;
  if (trying !== null) abandon(turn, trying, { failure, sipCode: 0, q850: null, headers });
  call.hunt = null;
  call.transfer = null;
}

function endCaller(turn: Turn, how: HangUp): void {
  const { caller } = turn.call;
  if (caller === null) return;
  if (how.callerGets !== null) replyToCaller(turn, caller, how.callerGets);
  else turn.call.facts.sipCode = 487;
  const held = turn.call.parties.flatMap((party) => party.dialogs.map((dialog): Place => ({ party, dialog })));
  const answered = held.find(({ dialog }) => dialog.id === caller.held?.dialog);
  if (answered !== undefined) sendAck(turn, answered, answered.party.inviteCseq);
  closeCaller(turn);
}

/** Requests that waited for an answer through a dialog that ends get 487 (RFC 3261 §15.1.2); an INVITE's 2xx may still come. */
export function answerWaiting(turn: Turn, ended: DialogId): void {
  const { call } = turn;
  call.exchanges = call.exchanges.filter(({ method, purpose, dialog }) => {
    if (purpose.kind !== "relay" || (dialog !== ended && purpose.origin.dialog !== ended)) return true;
    answerPending(turn, purpose.origin, reply(487));
    return method === "INVITE";
  });
}

/** Whether a BYE of ours is under way in the dialog. */
function isEnding({ exchanges }: Call, { id }: Dialog): boolean {
  return exchanges.some(({ purpose, dialog }) => purpose.kind === "bye" && dialog === id);
}

/**
 * The peer, who called, may not know the dialog yet: it has not acknowledged the 2xx that makes it, and no BYE may overtake that (RFC 3261 §15). One to a re-INVITE makes nothing: its ACK
 * may be lost with its edge, and the end does not wait for that.
 */
function mayNotBeMade({ party, dialog }: Place, unacked: Unacked): boolean {
  return unacked.dialog === dialog.id && party.role === "uas" && unacked.cseq === party.inviteCseq;
}

/** Ends one confirmed dialog: with BYE at once, or after the ACK of the 2xx of ours that makes it. */
export function endDialog(turn: Turn, place: Place, bye: Payload): void {
  const { call } = turn;
  const { dialog } = place;
  if (isEnding(call, dialog) || call.owedByes.some((owed) => owed.dialog === dialog.id)) return;
  answerWaiting(turn, dialog.id);
  acknowledgeFirst(turn, place);
  if (call.unacked.some((unacked) => mayNotBeMade(place, unacked))) {
    call.owedByes.push({ dialog: dialog.id, ...bye });
  } else sendBye(turn, place, bye);
}

/** A 2xx of the peer that still waits for its ACK gets it before the dialog ends, by a BYE of either side. */
export function acknowledgeFirst(turn: Turn, place: Place): void {
  for (const unacked of turn.call.unacked) {
    if (unacked.ack?.dialog !== place.dialog.id) continue;
    sendAck(turn, place, unacked.ack.cseq);
    unacked.ack = null;
  }
}

export function sendBye(turn: Turn, place: Place, { headers, body }: Payload): void {
  sendInDialog(turn, place, { method: "BYE", headers, body }, { kind: "bye", headers, body });
}

/**
 * BYEs that a worker which died may not have sent go again, the same to the letter: a peer that got the first answers the second, too. `alive`: what this
 * process waits for itself; absent: no worker died.
 */
export function repeatByes(turn: Turn, alive: readonly ExchangeId[] | undefined): boolean {
  let repeated = false;
  if (alive === undefined) return false;
  for (const { id, dialog, cseq, purpose } of turn.call.exchanges) {
    const place = placeOf(turn.call, dialog);
    if (purpose.kind !== "bye" || place === null || alive.includes(id)) continue;
    sendAgain(turn, place, {
      exchange: id,
      cseq,
      out: { method: "BYE", headers: purpose.headers, body: purpose.body },
    });
    repeated = true;
  }
  return repeated;
}

/** An answered dialog that nobody wants: ACK and BYE. */
export function endCalledDialog(
  turn: Turn,
  place: Place,
  { ackCseq, failure }: { readonly ackCseq: number; readonly failure: FailureCode },
): void {
  sendAck(turn, place, ackCseq);
  sendBye(turn, place, { headers: reasonsOf(failure), body: "" });
}
