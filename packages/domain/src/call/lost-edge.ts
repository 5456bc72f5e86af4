import { topVia, type SipMessage } from "@tandem/sip";
import { MOST_MOVES, placeAnew, repeatInvite } from "./attempt.ts";
import type { Call } from "./call.ts";
import { noteReached } from "./early-dialogs.ts";
import type { CallEvent, ExchangeId } from "./event.ts";
import type { Exchange } from "./exchange.ts";
import type { Hunt, Trying } from "./hunt.ts";
import { reachedAddress } from "./reached-address.ts";
import { dropExchange, exchangeOf, partyOf, type Turn } from "./turn.ts";
import { sendWithdrawal } from "./withdrawal.ts";

/** How a response came. */
type WayOfResponse = Pick<Extract<CallEvent, { kind: "response" }>, "edge" | "source">;

/** The peer has the INVITE and says so: by that edge it is reached, and by that Via it knows the INVITE again. */
export function noteWay(turn: Turn, exchange: Exchange, response: SipMessage, { edge, source }: WayOfResponse): void {
  if (edge === undefined) return;
  const via = topVia(response);
  // Each address has a branch of its own (RFC 3263 §4.3): another branch is another address, after the first failed.
  if (via?.branch === undefined || (exchange.edge === edge && exchange.via?.branch === via.branch)) return;
  exchange.edge = edge;
  exchange.via = { branch: via.branch, sentBy: via.port === undefined ? via.host : `${via.host}:${via.port}` };
  const party = partyOf(turn.call, exchange.party);
  const reached = party === null ? undefined : reachedAddress(party.profile, source);
  if (reached === undefined) delete exchange.reached;
  else exchange.reached = reached;
}

/**
 * The edge that sent the attempt's INVITE is gone. A peer that was not heard yet may not have it: it goes again at once, by any edge. One that was heard rings,
 * and takes an INVITE of another sent-by for another call (RFC 3261 §17.2.3), or for a merged request (§8.2.2.2); and its responses go to the address of
 * the edge that is gone (§18.2.2). So that edge is awaited; where it does not come, the INVITE is cancelled and the attempt begins anew. False: the attempt
 * is over.
 */
export function goOnWithoutEdge(turn: Turn, hunt: Hunt, trying: Trying, lost?: string): boolean {
  const exchange = exchangeOf(turn.call, trying.exchange ?? "");
  if (exchange === null || exchange.cancelled) return false;
  if (lost !== undefined) exchange.edge ??= lost;
  if (trying.recalled !== true) return goOnElsewhere(turn, hunt, trying);
  withdraw(turn, hunt, trying, exchange);
  return true;
}

/** The worker that had the attempt is gone, or its edge: what is out there is gone on with. False: there is nothing. */
export function goOnElsewhere(turn: Turn, hunt: Hunt, trying: Trying): boolean {
  const exchange = exchangeOf(turn.call, trying.exchange ?? "");
  if (exchange?.via === undefined) return repeatInvite(turn, hunt, trying);
  return recall(turn, hunt, trying, exchange);
}

/**
 * 482 to the INVITE that went again: the peer has the first one, which is none of the merged requests that it means (RFC 3261 §8.2.2.2). The edge that sent
 * the first is awaited once, as above.
 */
export function onMerged(turn: Turn, hunt: Hunt, trying: Trying, exchange: Exchange): void {
  turn.call.exchanges.push(exchange);
  noteReached(turn, trying);
  if (trying.recalled === true || !recall(turn, hunt, trying, exchange)) withdraw(turn, hunt, trying, exchange);
}

/**
 * Another worker has sent the attempt's INVITE again since this process did: the edge gave it the call, for this process was cut off from it, or stood still. What is missed here, it hears.
 */
export function isLeftToAnother({ moves }: Trying, sending: number | undefined): boolean {
  return sending !== undefined && moves > sending;
}

/** This process waits for what becomes of the attempt's INVITE, or of its CANCEL. */
export function isAttended({ exchanges }: Call, { exchange }: Trying, alive: readonly ExchangeId[]): boolean {
  const waited = exchanges.filter(({ id }) => alive.includes(id));
  return waited.some(
    ({ id, purpose }) => id === exchange || (purpose.kind === "withdrawal" && purpose.invite === exchange),
  );
}

/** The CANCEL was answered, or its time is over. */
export function onWithdrawn(turn: Turn, invite: ExchangeId): void {
  const { hunt } = turn.call;
  const trying = hunt?.current ?? null;
  const exchange = exchangeOf(turn.call, invite);
  if (hunt !== null && trying?.exchange === invite && exchange !== null) beginAnew(turn, hunt, trying, exchange);
}

/** Sends the INVITE again by the edge that the peer knows it from, a retransmission in every respect. */
function recall(turn: Turn, hunt: Hunt, trying: Trying, { edge, via }: Exchange): boolean {
  if (edge === undefined) return false;
  const knownBy = { edge, ...(via === undefined ? {} : { sentBy: via.sentBy }) };
  if (!repeatInvite(turn, hunt, trying, knownBy)) return false;
  trying.recalled = true;
  return true;
}

/** It stops ringing before it is called again. Without the Via that the peer knows nothing can be cancelled. */
function withdraw(turn: Turn, hunt: Hunt, trying: Trying, exchange: Exchange): void {
  exchange.cancelled = true;
  if (!sendWithdrawal(turn, hunt, trying, exchange)) beginAnew(turn, hunt, trying, exchange);
}

/** Once: an attempt whose edges die again and again is a failed one. The first INVITE may still be answered: that answer is ended, or taken (late-answer.ts). */
function beginAnew(turn: Turn, hunt: Hunt, trying: Trying, exchange: Exchange): void {
  dropExchange(turn.call, exchange);
  trying.moves = MOST_MOVES;
  delete trying.recalled;
  placeAnew(turn, hunt, trying);
  turn.call.exchanges.push({ ...exchange, orphan: true });
}
