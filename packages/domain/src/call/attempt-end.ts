import type { HeaderLine } from "@tandem/sip";
import { failureEntry, type FailureCode } from "../failure/catalogue.ts";
import type { Exchange } from "./exchange.ts";
import type { AttemptFacts } from "./facts.ts";
import type { Trying } from "./hunt.ts";
import { occupiedTrunks } from "./occupied-trunks.ts";
import { sendCancel } from "./outgoing.ts";
import { dropDialogs, partyOf, standingPlaces, stopTimer, type Turn } from "./turn.ts";
import { sendWithdrawal } from "./withdrawal.ts";

/** How an attempt ended: for its detail record, metrics and trunk health. */
export interface AttemptEnd {
  readonly outcome: FailureCode | "answered";
  readonly sipCode: number;
  readonly q850: number | null;
  /** The next hop was not reached at all. */
  readonly unreachable: boolean;
}

/** Closes the attempt's books: detail record, trunk health, lease, timers. Its party stays while a response may still come. */
export function closeAttempt(turn: Turn, trying: Trying, end: AttemptEnd): void {
  const { call, cameMs, effects } = turn;
  const facts: AttemptFacts | undefined = call.attempts[trying.attempt];
  const { trunk } = trying.plan.profile;
  if (facts !== undefined && facts.endMs === 0) {
    if (end.outcome === "answered") facts.answerMs = cameMs;
    else facts.endMs = Math.max(facts.startMs, cameMs);
    Object.assign(facts, { sipCode: end.sipCode, q850: end.q850, outcome: end.outcome });
    const { outcome, sipCode, unreachable } = end;
    effects.push({ kind: "observe", observation: { kind: "attempt-ended", trunk, outcome, sipCode, unreachable } });
  }
  stopAttemptTimers(turn, trying);
  if (end.outcome !== "answered") releaseTrunk(turn, trunk);
}

function stopAttemptTimers(turn: Turn, { party, plan, state }: Trying): void {
  if (party === null) return;
  if (plan.connectTimeoutMs > 0 && state === "calling") stopTimer(turn, `connect:${party}`);
  if (plan.progressTimeoutMs > 0 && state !== "progress") stopTimer(turn, `progress:${party}`);
  if (plan.ringTimeoutMs > 0) stopTimer(turn, `ring:${party}`);
}

/**
 * A call has one lease on a trunk: that of its ingress trunk stays until it ends, whatever becomes of an attempt there, and that of a leg that is up as long
 * as the leg.
 */
function releaseTrunk(turn: Turn, trunk: string): void {
  const { call } = turn;
  if (trunk === call.facts.ingressTrunk || !call.reserved.includes(trunk)) return;
  if (standingPlaces(call).some(({ party }) => party.profile.trunk === trunk)) return;
  giveBack(turn, trunk);
}

function giveBack({ call, effects }: Turn, trunk: string): void {
  call.reserved = call.reserved.filter((held) => held !== trunk);
  effects.push({ kind: "release", trunk });
}

/**
 * A party that left an established call (transferred, replaced) gives its trunk's place back, and so does each whose part of an ending call is over: an attempt that was given
 * up may keep the call itself for half a minute. Runs at the end of every step.
 */
export function releaseUnused(turn: Turn): void {
  const { call } = turn;
  if ((call.phase !== "up" && call.phase !== "ending") || call.reserved.length === 0) return;
  const occupied = new Set(occupiedTrunks(call));
  const unused = call.reserved.filter((trunk) => !occupied.has(trunk));
  for (const trunk of unused) {
    if (call.phase === "ending") giveBack(turn, trunk);
    else releaseTrunk(turn, trunk);
  }
}

/** Why an attempt is given up. */
export interface Abandonment {
  readonly failure: FailureCode;
  /** The peer's final status as it came; 0 when it gave none. */
  readonly sipCode: number;
  /** The Q.850 cause the peer gave. */
  readonly q850: number | null;
  /** Header lines of the CANCEL. */
  readonly headers: readonly HeaderLine[];
}

/** Closes an attempt; what it has out there is cancelled, and its party stays until that is over. */
export function abandon(turn: Turn, trying: Trying, { failure, sipCode, q850, headers }: Abandonment): void {
  const { call } = turn;
  closeAttempt(turn, trying, {
    outcome: failure,
    sipCode,
    q850: q850 ?? failureEntry(failure).q850,
    unreachable: sipCode === 0 && UNREACHABLE.has(failure),
  });
  const open = call.exchanges.find(({ id }) => id === trying.exchange);
  if (open !== undefined) cancelAttempt(turn, trying, open, headers);
  const party = trying.party === null ? null : partyOf(call, trying.party);
  if (party !== null) dropDialogs(turn, party);
}

/** By its edge; while that is awaited, by another one, too: it may never come. */
function cancelAttempt(turn: Turn, trying: Trying, open: Exchange, headers: readonly HeaderLine[]): void {
  const { hunt } = turn.call;
  const isAwaited = trying.recalled === true && !open.cancelled;
  sendCancel(turn, open, headers);
  if (isAwaited && hunt !== null) sendWithdrawal(turn, hunt, trying, open);
}

/** Failures that say that the next hop itself was not there. */
export const UNREACHABLE: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "connect-timeout",
  "transport-failure",
  "tls-failure",
  "resolve-failure",
  "peer-timeout",
]);
