import { responseTo } from "@tandem/sip";
import { failureEntry } from "../failure/catalogue.ts";
import { placeAttempt } from "./attempt.ts";
import type { Hunt, Trying } from "./hunt.ts";
import { finish } from "./ending.ts";
import { askEntry } from "./failover.ts";
import type { ExchangeId } from "./event.ts";
import { answerPending, type Received } from "./outgoing.ts";
import { repeatReliable } from "./reliable-provisionals.ts";
import { reply } from "./replies.ts";
import { dropDialogs, partyOf, type Turn } from "./turn.ts";

/**
 * The caller's INVITE again: the worker that had it died, and the edge has cancelled what it sent to the called side. From the record: an answer
 * that was accepted is given again, a setup goes on with the attempt it was at, as a new dialog.
 */
export function onRedelivered(turn: Turn, received: Received, alive: readonly ExchangeId[] = []): void {
  const { call } = turn;
  const { transaction } = received;
  if (call.phase === "setup" && call.caller !== null) {
    call.caller = { ...call.caller, transaction };
    resume(turn, alive);
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

function resume(turn: Turn, alive: readonly ExchangeId[]): void {
  const { hunt } = turn.call;
  const trying = hunt?.current ?? null;
  if (hunt !== null && hunt.entry !== null) askEntry(turn, hunt.entry);
  // The answer is there and only PRACKs are missing.
  else if (hunt === null || trying === null) repeatReliable(turn);
  else if (trying.state === "gate") {
    const { profile, maxCalls, maxCallsPerSecond } = trying.plan;
    turn.effects.push({ kind: "reserve", trunk: profile.trunk, maxCalls, maxCallsPerSecond });
  } else if (!alive.includes(trying.exchange ?? "")) restart(turn, hunt, trying);
}

function restart(turn: Turn, hunt: Hunt, trying: Trying): void {
  const { call } = turn;
  const party = partyOf(call, trying.party ?? "");
  if (party !== null) dropDialogs(turn, party);
  for (const { party: asked, purpose } of call.exchanges) {
    if (asked === trying.party && purpose.kind === "relay") answerPending(turn, purpose.origin, reply(487));
  }
  call.exchanges = call.exchanges.filter((exchange) => exchange.party !== trying.party);
  placeAttempt(turn, hunt, trying);
}
