import { responseTo } from "@tandem/sip";
import { failureEntry, type FailureCode } from "../failure/catalogue.ts";
import { answerMoves } from "./answered-edges.ts";
import { placeAnew } from "./attempt.ts";
import { firstAnswer } from "./awaits-caller.ts";
import { arrivalOf } from "./caller-arrival.ts";
import { respondToCaller } from "./caller.ts";
import { finish } from "./ending.ts";
import { askEntry, askGate } from "./failover.ts";
import type { CallerWay, CallEvent } from "./event.ts";
import { awaitExpiry } from "./invite-expiry.ts";
import { goOnElsewhere, isAttended, isLeftToAnother } from "./lost-edge.ts";
import { answerPending, type Received } from "./outgoing.ts";
import type { Party } from "./party.ts";
import { repeatReliable } from "./reliable-provisionals.ts";
import { seizePlace } from "./seizure.ts";
import { reply } from "./replies.ts";
import { partyOf, type Turn } from "./turn.ts";

/** Ways remembered of one INVITE: no peer makes a record grow. One forgotten, should somebody bring it again, would count as new. */
const MOST_WAYS = 8;

export type Redelivery = Omit<Extract<CallEvent, { kind: "redelivered" }>, "kind">;

/**
 * The caller's INVITE again. From the record: an answer that was accepted is given again, a setup goes on with the attempt it was at. The called side
 * rings on: when the worker that had it died, the edge holds what it sent for whoever sends the same INVITE again; when the edge died, to the peer that is a
 * retransmission.
 */
export function onRedelivered(turn: Turn, event: Redelivery): void {
  const { call } = turn;
  const { transaction, request: message, arrival } = event;
  const received: Received = { transaction, message };
  if (!takesWay(turn, event.way)) return refuse(turn, received, "answered-elsewhere");
  if (call.phase === "setup" && call.caller !== null) {
    leave(turn, call.caller.transaction, transaction);
    call.caller = { ...call.caller, transaction };
    call.arrival = arrivalOf(arrival, message);
    awaitExpiry(turn);
    resume(turn, event);
    return;
  }
  const answered = firstAnswer(call);
  if (call.phase === "up" && answered !== undefined) {
    answered.request = { ...answered.request, transaction, open: true };
    Object.assign(answered, answerMoves(answered, transaction));
    call.arrival = arrivalOf(arrival, message);
    answerPending(turn, { ...answered.request }, answered.response);
    return;
  }
  refuse(turn, received, "worker-lost");
}

/**
 * The edge that had an emergency caller's INVITE before would wait for its answer when it is told to end, and none is given there now. One that gave the answer waits for the
 * ACK, and no longer than that may take.
 */
function leave({ call, effects }: Turn, earlier: string, now: string): void {
  if (earlier !== now && call.facts.emergency !== null) effects.push({ kind: "moved", transaction: earlier });
}

/**
 * The way by which the INVITE came last is the one that is answered: its sender made it because the earlier one was lost to it (RFC 3263 §4.3). False: it came by an earlier one, which a
 * worker or an edge may bring again, but which nobody listens to any more.
 */
function takesWay({ call }: Turn, way: CallerWay | undefined): boolean {
  const id = way?.id ?? call.id;
  if (id === (call.ways.at(-1) ?? call.id)) return true;
  if (way === undefined || call.ways.includes(id)) return false;
  call.ways = [...call.ways, id].slice(-MOST_WAYS);
  call.parties = call.parties.map((party) => (party.id === "a" ? reachedBy(party, way) : party));
  return true;
}

function reachedBy(caller: Party, { nextHop }: CallerWay): Party {
  return nextHop === null ? caller : { ...caller, profile: { ...caller.profile, nextHop } };
}

/** Nothing of it can go on: the record is empty, the call is ending or long acknowledged, or another way took the place of this one. */
function refuse(turn: Turn, { transaction, message }: Received, code: FailureCode): void {
  const { sip, sipReason } = failureEntry(code);
  const response = responseTo(message, sip, { reason: sipReason });
  turn.effects.push({ kind: "respond", leg: "a", transaction, response });
  if (turn.call.phase === "new") finish(turn);
}

function resume(turn: Turn, { alive = [], sending }: Redelivery): void {
  const { hunt } = turn.call;
  const trying = hunt?.current ?? null;
  if (hunt !== null && hunt.entry !== null) askEntry(turn, hunt.entry);
  // The answer is there and only PRACKs are missing.
  else if (hunt === null || trying === null) repeatReliable(turn);
  else if (trying.state === "gate") {
    const { plan } = trying;
    if (plan.seizes !== undefined) seizePlace(turn, hunt, trying);
    else askGate(turn, plan.profile.trunk, plan);
  } else if (isAttended(turn.call, trying, alive) && !isLeftToAnother(trying, sending)) ringAgain(turn);
  else if (!goOnElsewhere(turn, hunt, trying)) placeAnew(turn, hunt, trying);
}

/** What the caller heard of the called side may not have reached it, or goes for the edge that is gone. */
function ringAgain(turn: Turn): void {
  // Another worker may have had the call between, which this one only hears of when it writes.
  turn.effects.push({ kind: "save" });
  const { caller } = turn.call;
  const party = caller === null ? null : partyOf(turn.call, caller.party);
  if (caller === null || party === null || caller.reliable === "required") return;
  for (const dialog of party.dialogs) respondToCaller(turn, caller, { party, dialog }, reply(180));
}
