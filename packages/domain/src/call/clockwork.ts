import type { FailureCode } from "../failure/catalogue.ts";
import { abandon } from "./attempt-end.ts";
import { onNoResponse } from "./called-responses.ts";
import { BYE_WAIT_MS, finish } from "./ending.ts";
import { emergencyCaller } from "./emergency-transfer.ts";
import { onSilence } from "./failover.ts";
import type { CallEvent, ExchangeId } from "./event.ts";
import { hangUp, repeatByes, type HangUp } from "./hang-up.ts";
import { reasonsOf } from "./headers/reason.ts";
import { callDeadline, exchangeDeadline, lostTransferMs, transferDeadline } from "./deadlines.ts";
import type { Trying } from "./hunt.ts";
import { onExpired } from "./invite-expiry.ts";
import { isAttended, isLeftToAnother } from "./lost-edge.ts";
import { onReliableTimer } from "./reliable-provisionals.ts";
import { failureReply, inviteFailureReply } from "./replies.ts";
import { onPlaceTimer } from "./seizure.ts";
import { lookAfterRelay } from "./security-desk.ts";
import { lookAfter } from "./session-refresh.ts";
import { askRoute } from "./transfer.ts";
import { transferFailed } from "./transfer-outcome.ts";
import { placeOf, type Turn } from "./turn.ts";
import { goOnWithoutPrack } from "./without-prack.ts";

type Fired = Extract<CallEvent, { kind: "timer" }>;

/** A timer of ours fired. One whose time has passed in another way is nothing. */
export function onTimer(turn: Turn, { timer, sending, edge }: Omit<Fired, "kind">): void {
  const colon = timer.indexOf(":");
  const subject = timer.slice(colon + 1);
  switch (timer.slice(0, Math.max(0, colon))) {
    case "connect":
      onAttemptTimer(turn, subject, { failure: "connect-timeout", edge, sending });
      break;
    case "progress":
      onAttemptTimer(turn, subject, { failure: "progress-timeout", edge, sending });
      break;
    case "ring":
      onAttemptTimer(turn, subject, { failure: "ring-timeout", edge, sending });
      break;
    case "reliable":
      onUnacknowledged(turn, subject);
      break;
    case "expires":
      onExpired(turn);
      break;
    case "place":
      onPlaceTimer(turn, subject);
      break;
    case "retry":
      if (turn.call.phase === "up") lookAfter(turn);
      break;
    default:
      break;
  }
}

interface Expiry {
  readonly failure: FailureCode;
  readonly edge: string | undefined;
  readonly sending: number | undefined;
}

function onAttemptTimer(turn: Turn, party: string, { failure, edge, sending }: Expiry): void {
  const { hunt } = turn.call;
  const trying = hunt?.current ?? null;
  if (hunt === null || trying === null || trying.party !== party) return;
  if (isLeftToAnother(trying, sending)) return;
  const late = failure === "progress-timeout" && trying.state === "progress";
  const reached = failure === "connect-timeout" && trying.state !== "calling";
  if (!late && !reached) onSilence(turn, hunt, trying, { failure, edge });
}

/** RFC 3262 §3: without PRACK in 64*T1 the INVITE is rejected; a call for help is not. */
function onUnacknowledged(turn: Turn, dialog: string): void {
  const place = placeOf(turn.call, dialog);
  if (place === null || goOnWithoutPrack(turn, place)) return;
  if (onReliableTimer(turn, place) === "expired") onEnd(turn, "prack-timeout");
}

/** The record's deadline: what is due is done; a setup or an ending that nobody finished is cleaned up. */
export function onDeadline(turn: Turn, alive?: readonly ExchangeId[]): void {
  const { call, now } = turn;
  if (now < callDeadline(call)) return;
  if (call.phase === "up") {
    if (now >= transferDeadline(call)) lookAfterTransfer(turn, alive);
    for (const exchange of call.exchanges) {
      if (now >= exchangeDeadline(call, exchange))
        onNoResponse(turn, { exchange: exchange.id, failure: "worker-lost" });
    }
    lookAfter(turn);
    lookAfterRelay(turn);
  } else if (call.phase === "setup") endLostSetup(turn, alive);
  else endAtLast(turn, alive);
}

/**
 * The caller is told by whoever has its INVITE. The last of several ways is brought to another worker by its own branch, and where that one could not find this record it is another call's by now, which
 * rings on.
 */
function endLostSetup(turn: Turn, alive: readonly ExchangeId[] = []): void {
  const { call } = turn;
  const trying = call.hunt?.current ?? null;
  const isServed = trying !== null && isAttended(call, trying, alive);
  if (call.ways.length === 0 || isServed) return onEnd(turn, "node-lost");
  hangUp(turn, { ...systemEnd("node-lost"), callerGets: null });
  call.facts.sipCode = 0;
}

/** Peers that did not answer their BYE are not waited for any longer, unless a worker that died may not have sent it. */
function endAtLast(turn: Turn, alive: readonly ExchangeId[] | undefined): void {
  const { call, now } = turn;
  const lastLook = call.endByMs > call.facts.endMs + LONGEST_END_MS;
  if (call.phase === "ending" && !lastLook && repeatByes(turn, alive)) call.endByMs = now + BYE_WAIT_MS;
  else finish(turn);
}

/** Longer than any ending waits before its first deadline. */
const LONGEST_END_MS = 40_000;

/** The worker that was transferring died, or has work to do. A way to help is looked for until there is none. */
function lookAfterTransfer(turn: Turn, alive: readonly ExchangeId[] = []): void {
  const { call, now } = turn;
  const { hunt, transfer } = call;
  const trying = hunt?.current ?? null;
  const lost = now >= lostTransferMs(call);
  if (hunt !== null && hunt.preparation !== null && trying !== null) {
    if (trying.state === "gate") onPlaceTimer(turn, String(trying.attempt));
    else if (lost || !isAttended(call, trying, alive)) onSilence(turn, hunt, trying, { failure: "worker-lost" });
  } else if (hunt === null && transfer !== null && !lost) askRoute(turn, transfer);
  else loseTransfer(turn, trying);
}

function loseTransfer(turn: Turn, trying: Trying | null): void {
  const failure = "worker-lost";
  if (trying !== null) abandon(turn, trying, { failure, sipCode: 0, q850: null, headers: reasonsOf(failure) });
  transferFailed(turn, failureReply(failure));
}

/** An end that none of the peers wanted. A call that became an emergency call while another one asked for its place keeps it. */
export function onEnd(turn: Turn, failure: FailureCode): void {
  if (failure === "preempted" && emergencyCaller(turn.call) !== null) return;
  if (turn.call.phase === "new") finish(turn);
  hangUp(turn, { ...systemEnd(failure), callerGets: inviteFailureReply(failure) });
}

function systemEnd(failure: FailureCode): Omit<HangUp, "callerGets"> {
  return {
    except: null,
    bye: { headers: reasonsOf(failure), body: "" },
    end: { failure, endedBy: "system", q850: null },
  };
}
