import { responseTo } from "@tandem/sip";
import { failureEntry } from "../failure/catalogue.ts";
import { placeAnew } from "./attempt.ts";
import { respondToCaller } from "./caller.ts";
import { finish } from "./ending.ts";
import { askEntry, askGate } from "./failover.ts";
import type { CallEvent } from "./event.ts";
import { goOnElsewhere, isAttended } from "./lost-edge.ts";
import { answerPending, type Received } from "./outgoing.ts";
import { repeatReliable } from "./reliable-provisionals.ts";
import { seizePlace } from "./seizure.ts";
import { reply } from "./replies.ts";
import { partyOf, type Turn } from "./turn.ts";

type Redelivered = Extract<CallEvent, { kind: "redelivered" }>;

/**
 * The caller's INVITE again. From the record: an answer that was accepted is given again, a setup goes on with the attempt it was at. The called side
 * rings on: when the worker that had it died, the edge holds what it sent for whoever sends the same INVITE again; when the edge died, to the peer that is a
 * retransmission.
 */
export function onRedelivered(turn: Turn, event: Omit<Redelivered, "kind">): void {
  const { call } = turn;
  const { transaction, request: message } = event;
  const received: Received = { transaction, message };
  if (call.phase === "setup" && call.caller !== null) {
    call.caller = { ...call.caller, transaction };
    resume(turn, event);
    return;
  }
  const answered = call.unacked.find(({ request }) => request.method === "INVITE" && request.dialog.startsWith("a"));
  if (call.phase === "up" && answered !== undefined) {
    answered.request = { ...answered.request, transaction, open: true };
    answered.transaction = transaction;
    answerPending(turn, { ...answered.request }, answered.response);
    return;
  }
  refuse(turn, received);
}

/** Nothing of it can go on: the record is empty, or the call is ending or long acknowledged. */
function refuse(turn: Turn, { transaction, message }: Received): void {
  const { sip, sipReason } = failureEntry("worker-lost");
  const response = responseTo(message, sip, { reason: sipReason });
  turn.effects.push({ kind: "respond", leg: "a", transaction, response });
  if (turn.call.phase === "new") finish(turn);
}

function resume(turn: Turn, { alive = [] }: Omit<Redelivered, "kind">): void {
  const { hunt } = turn.call;
  const trying = hunt?.current ?? null;
  if (hunt !== null && hunt.entry !== null) askEntry(turn, hunt.entry);
  // The answer is there and only PRACKs are missing.
  else if (hunt === null || trying === null) repeatReliable(turn);
  else if (trying.state === "gate") {
    const { plan } = trying;
    if (plan.seizes !== undefined) seizePlace(turn, hunt, trying);
    else askGate(turn, plan.profile.trunk, plan);
  } else if (isAttended(turn.call, trying, alive)) ringAgain(turn);
  else if (!goOnElsewhere(turn, hunt, trying)) placeAnew(turn, hunt, trying);
}

/** What the caller heard of the called side may not have reached it, or goes for the edge that is gone. */
function ringAgain(turn: Turn): void {
  const { caller } = turn.call;
  const party = caller === null ? null : partyOf(turn.call, caller.party);
  if (caller === null || party === null || caller.reliable === "required") return;
  for (const dialog of party.dialogs) respondToCaller(turn, caller, { party, dialog }, reply(180));
}
