import { parseMinSe, type SipMessage } from "@tandem/sip";
import { dismissAnswer, onAnswer } from "./answer.ts";
import { MOST_MOVES, placeAnew, sendInvite } from "./attempt.ts";
import type { CallEvent } from "./event.ts";
import type { Exchange } from "./exchange.ts";
import type { Trying } from "./hunt.ts";
import { onProvisional } from "./early-dialogs.ts";
import { onRefusal, onSilence } from "./failover.ts";
import { cseqOf, tagIn } from "./headers/values.ts";
import { takeLateAnswer } from "./late-answer.ts";
import { goOnWithoutEdge, isLeftToAnother, noteWay, onMerged, onWithdrawn } from "./lost-edge.ts";
import { onRelayAnswer, onRelaySilence } from "./mid-dialog.ts";
import { localTagOf, sendAck } from "./outgoing.ts";
import { onReInviteAnswer } from "./re-invite.ts";
import { onOwnAnswer, onOwnSilence } from "./session-refresh.ts";
import { MAX_INTERVAL_RETRIES } from "./session-timer.ts";
import { onLastNotified } from "./transfer-outcome.ts";
import { dropExchange, endOf, exchangeOf, partyOf, placeOf, standingPlaces, type Turn } from "./turn.ts";

type Came = Extract<CallEvent, { kind: "response" }>;

/** A response to a request of ours. One that nothing waits for is nothing, except a further 2xx: that one must be ended. */
export function onResponse(turn: Turn, came: Omit<Came, "kind">): void {
  const { exchange: id, response } = came;
  const exchange = exchangeOf(turn.call, id);
  if (exchange === null) {
    if (isSuccess(response) && response.method === "INVITE") onLateAnswer(turn, id, response);
    return;
  }
  if (response.status >= 200) dropExchange(turn.call, exchange);
  const { purpose } = exchange;
  switch (purpose.kind) {
    case "attempt":
      if (response.status < 200) noteWay(turn, exchange, response, came);
      onAttemptResponse(turn, exchange, response);
      break;
    case "withdrawal":
      if (response.status >= 200) onWithdrawn(turn, purpose.invite);
      break;
    case "relay":
      if (exchange.method === "INVITE") {
        if (response.status > 100) onReInviteAnswer(turn, exchange, purpose.origin, response);
      } else if (response.status >= 200) onRelayAnswer(turn, exchange, purpose.origin, response);
      break;
    case "refresh":
    case "resync":
    case "audit":
      onOwnAnswer(turn, exchange, response);
      break;
    case "bye":
      if (response.status >= 200) forgetEnded(turn, exchange);
      break;
    case "notify":
      if (purpose.last && response.status >= 200) onLastNotified(turn, exchange.dialog);
      break;
    case "prack":
      break;
  }
}

/** A 2xx to an INVITE that is not waited for: of a further fork, or of a re-INVITE that was given up. Every one gets its ACK (RFC 3261 §13.2.2.4). */
function onLateAnswer(turn: Turn, id: string, response: SipMessage): void {
  const { call } = turn;
  // Exchanges of INVITEs that make a party carry its id: `b1-1`.
  const mark = id.indexOf("-");
  if (mark > 0) {
    dismissAnswer(turn, id.slice(0, mark), response);
    return;
  }
  const ours = tagIn(response, "From");
  const theirs = tagIn(response, "To");
  const callId = response.get("Call-ID") ?? "";
  const found = standingPlaces(call).find(
    ({ party, dialog }) =>
      party.sipCallId === callId && dialog.remoteTag === theirs && localTagOf(call, party, dialog) === ours,
  );
  if (found !== undefined) sendAck(turn, found, cseqOf(response));
}

function isSuccess({ status }: SipMessage): boolean {
  return status >= 200 && status < 300;
}

function onAttemptResponse(turn: Turn, exchange: Exchange, response: SipMessage): void {
  const { hunt } = turn.call;
  const trying = hunt?.current?.exchange === exchange.id ? hunt.current : null;
  if (hunt === null || trying === null) {
    // Of an abandoned attempt: only an answer that crossed our CANCEL matters.
    if (isSuccess(response) && !takeLateAnswer(turn, exchange, response)) dismissAnswer(turn, exchange.party, response);
  } else if (response.status < 200) {
    delete trying.recalled;
    onProvisional(turn, hunt, trying, response);
  } else if (response.status < 300) onAnswer(turn, hunt, trying, response);
  else if (response.status === 487 && wasRepeated(trying)) {
    // A surviving edge had cancelled it for a dead worker.
    trying.moves = MOST_MOVES;
    placeAnew(turn, hunt, trying);
  } else if (response.status === 482 && wasRepeated(trying)) onMerged(turn, hunt, trying, exchange);
  else if (!retryLonger(turn, trying, response)) onRefusal(turn, hunt, trying, response);
}

/** The response is to an INVITE that was sent again, and may say no more than that: the attempt can begin anew, once. */
function wasRepeated({ moves }: Trying): boolean {
  return moves > 0 && moves < MOST_MOVES;
}

/** RFC 4028 §7.4: 422 names the smallest interval the peer takes; the same attempt goes again with it. */
function retryLonger(turn: Turn, trying: Trying, response: SipMessage): boolean {
  const minSeS = parseMinSe(response.get("Min-SE") ?? "");
  const party = partyOf(turn.call, trying.party ?? "");
  const { hunt } = turn.call;
  if (response.status !== 422 || minSeS === undefined || party === null || hunt === null) return false;
  if (trying.retries >= MAX_INTERVAL_RETRIES) return false;
  trying.retries += 1;
  trying.minSeS = minSeS;
  sendInvite(turn, hunt, trying, party);
  return true;
}

function forgetEnded(turn: Turn, exchange: Exchange): void {
  const place = placeOf(turn.call, exchange.dialog);
  if (place !== null) endOf(turn, place);
}

type Unanswered = Omit<Extract<CallEvent, { kind: "no-response" }>, "kind">;

/** No final response will come. */
export function onNoResponse(turn: Turn, { exchange: id, failure, edge, otherEdge, sending }: Unanswered): void {
  const exchange = exchangeOf(turn.call, id);
  // Superseded: another worker goes on with it, and with the call where this is its attempt (taken-over.ts).
  if (exchange === null || failure === "superseded") return;
  const { hunt } = turn.call;
  const trying = hunt?.current?.exchange === id ? hunt.current : null;
  if (trying !== null && isLeftToAnother(trying, sending)) return;
  const moves = failure === "edge-lost" || (failure === "edge-unavailable" && (trying?.moves ?? 0) > 0);
  if (moves && hunt !== null && trying !== null && goOnWithoutEdge(turn, hunt, trying, edge)) return;
  dropExchange(turn.call, exchange);
  const { purpose } = exchange;
  switch (purpose.kind) {
    case "attempt":
      if (hunt !== null && trying !== null) onSilence(turn, hunt, trying, { failure, edge: otherEdge && edge });
      break;
    case "withdrawal":
      onWithdrawn(turn, purpose.invite);
      break;
    case "relay":
      onRelaySilence(turn, exchange, purpose.origin, failure);
      break;
    case "refresh":
    case "resync":
    case "audit":
      onOwnSilence(turn, exchange, failure);
      break;
    case "bye":
      forgetEnded(turn, exchange);
      break;
    case "notify":
      if (purpose.last) onLastNotified(turn, exchange.dialog);
      break;
    case "prack":
      break;
  }
}
