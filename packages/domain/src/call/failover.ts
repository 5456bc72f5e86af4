import { reasonPhrase, type SipMessage } from "@tandem/sip";
import { failureEntry, type FailureCode } from "../failure/catalogue.ts";
import { classifySipFailure } from "../failure/classify-sip-failure.ts";
import { mayTryNextTrunk, treatedStatus } from "../trunks/next-trunk.ts";
import { needsGate, openAttempt, placeAttempt } from "./attempt.ts";
import { UNREACHABLE, abandon } from "./attempt-end.ts";
import { emergencyCaller } from "./emergency-transfer.ts";
import { describedOnly } from "./described-only.ts";
import { byOtherEdge } from "./other-edge.ts";
import type { Hunt, Trying } from "./hunt.ts";
import type { StoredResponse } from "./party.ts";
import { passedResponse } from "./called-dialogs.ts";
import { rejectCaller } from "./caller.ts";
import type { CallEvent } from "./event.ts";
import type { TrunkLimits } from "./leg-profile.ts";
import { seizePlace } from "./seizure.ts";
import type { Turn } from "./turn.ts";
import { q850In, reasonsOf } from "./headers/reason.ts";
import { inviteFailureReply } from "./replies.ts";
import { transferFailed } from "./transfer-outcome.ts";

/** Why an attempt failed. `response` is what the caller gets if this stays the best: null when the peer sent none. */
interface Defeat {
  readonly failure: FailureCode;
  /** The peer's status as it came, and after the trunk's response rules; 0 without a response. */
  readonly sipCode: number;
  readonly status: number;
  readonly q850: number | null;
  readonly response: StoredResponse | null;
  readonly goOn: boolean;
  /** The edge that sent the INVITE, where its pool has another one and that may matter. */
  readonly edge?: string;
}

/** Tries the next way out, or gives up when there is none. */
export function tryNext(turn: Turn, hunt: Hunt): void {
  const plan = hunt.plans.shift();
  if (plan === undefined) {
    giveUp(turn, hunt, hunt.best?.response ?? null, hunt.best?.failure ?? hunt.lastFailure);
    return;
  }
  const trying = openAttempt(turn, hunt, plan);
  if (needsGate(turn.call, plan)) askGate(turn, plan.profile.trunk, plan);
  else seizePlace(turn, hunt, trying);
}

/** Asks the ingress trunk's limits: they count calls in both directions. */
export function askEntry(turn: Turn, limits: TrunkLimits): void {
  askGate(turn, turn.call.facts.ingressTrunk, limits);
}

/** Asks a trunk's limits for a place; the answer is a `gate` event. */
export function askGate(
  turn: Turn,
  trunk: string,
  { maxCalls, maxCallsPerSecond, keptForEmergency }: TrunkLimits,
): void {
  const kept = keptForEmergency === undefined ? {} : { keptForEmergency };
  turn.effects.push({ kind: "reserve", trunk, maxCalls, maxCallsPerSecond, ...kept });
}

function onEntry(turn: Turn, hunt: Hunt, result: GateResult): void {
  const { call } = turn;
  hunt.entry = null;
  if (result === "full" || result === "too-fast") {
    const failure = toldFailure(result === "full" ? "trunk-full" : "trunk-too-fast");
    rejectCaller(turn, inviteFailureReply(failure), failure);
    return;
  }
  if (result === "reserved") call.reserved.push(call.facts.ingressTrunk);
  tryNext(turn, hunt);
}

type GateResult = Extract<CallEvent, { kind: "gate" }>["result"];

/** The trunk's limits have been asked. A limit that cannot be asked does not stop a call. */
export function onGate(turn: Turn, trunk: string, result: GateResult): void {
  const { hunt } = turn.call;
  if (hunt !== null && hunt.entry !== null) {
    if (trunk === turn.call.facts.ingressTrunk) onEntry(turn, hunt, result);
    return;
  }
  const trying = hunt?.current ?? null;
  const waited = hunt !== null && trying?.state === "gate" && trying.plan.profile.trunk === trunk;
  if (result === "reserved" && !turn.call.reserved.includes(trunk)) {
    if (waited || turn.call.phase === "up") turn.call.reserved.push(trunk);
    else turn.effects.push({ kind: "release", trunk });
  }
  if (!waited) return;
  if (result === "reserved" || result === "unavailable") placeAttempt(turn, hunt, trying);
  else {
    const failure = result === "full" ? "trunk-full" : "trunk-too-fast";
    defeat(turn, hunt, trying, { failure, sipCode: 0, status: 0, q850: null, response: null, goOn: true });
  }
}

/** A final response 300–699 to the current attempt. */
export function onRefusal(turn: Turn, hunt: Hunt, trying: Trying, response: SipMessage): void {
  const { profile, failoverCodes } = trying.plan;
  const cause = q850In(response);
  const final = { status: response.status, cause };
  const status = treatedStatus(final, profile.responseRules);
  const emergency = emergencyCaller(turn.call) !== null;
  const rules = { failoverCodes, responseRules: profile.responseRules };
  defeat(turn, hunt, trying, {
    failure: classifySipFailure(status, cause),
    sipCode: response.status,
    status,
    q850: cause,
    response: forCaller(turn, trying, response, status),
    goOn: mayTryNextTrunk(final, rules, emergency) && (emergency || !hunt.progressed),
  });
}

/** Why an attempt gets no final response: timers, transport, edge lost. */
interface Unheard {
  readonly failure: FailureCode;
  /** Of an emergency call: the edge that sent the INVITE, where its pool has another one. */
  readonly edge?: string | undefined;
}

/** The current attempt gets no final response. An INVITE still out there is cancelled. */
export function onSilence(turn: Turn, hunt: Hunt, trying: Trying, { failure, edge }: Unheard): void {
  const emergency = emergencyCaller(turn.call) !== null;
  const goOn = emergency || (failureEntry(failure).tryNextTrunk && !hunt.progressed);
  const by = edge === undefined ? {} : { edge };
  defeat(turn, hunt, trying, { failure, sipCode: 0, status: 0, q850: null, response: null, goOn, ...by });
}

function defeat(turn: Turn, hunt: Hunt, trying: Trying, why: Defeat): void {
  const last = describedOnly(turn, hunt, trying, why.sipCode) ?? byOtherEdge(hunt, trying, why);
  abandon(turn, trying, { ...why, headers: reasonsOf(why.failure) });
  hunt.current = null;
  keepBest(hunt, why);
  const { inClear, withoutReplaces } = trying.plan;
  if (inClear !== undefined && isTlsTrouble(why)) hunt.plans.unshift(inClear);
  else if (withoutReplaces !== undefined && REPLACES_REFUSED.has(why.sipCode)) hunt.plans.unshift(withoutReplaces);
  if (last !== null) hunt.plans.push(last);
  if (why.goOn) tryNext(turn, hunt);
  else giveUp(turn, hunt, why.response, why.failure);
}

/**
 * What an INVITE with Replaces may get where the same without it rings: no such dialog (RFC 3891 §3), the extension unknown, the request or its header not
 * understood. Anything else would be said of the INVITE without it, too.
 */
const REPLACES_REFUSED: ReadonlySet<number> = new Set([400, 420, 481, 488, 501]);

/** Nothing at all came over the TLS connection, whatever it is that failed about it (RFC 6881 SP-31). */
function isTlsTrouble({ failure, sipCode }: Defeat): boolean {
  return sipCode === 0 && UNREACHABLE.has(failure);
}

/**
 * In the manner of RFC 3261 §16.7 step 6, for attempts in a row: an answer that says something about the called party is better than one that
 * only says that a trunk failed; among equals the last counts. A 503 of a trunk is about that trunk, so it never goes to the caller as it came.
 */
function keepBest(hunt: Hunt, { failure, response, status }: Defeat): void {
  hunt.lastFailure = failure;
  if (response === null || status === 503 || status === 408) return;
  if (hunt.best === null || isAboutCalled(status) || !isAboutCalled(hunt.best.response.status)) {
    hunt.best = { response, failure };
  }
}

function isAboutCalled(status: number): boolean {
  return status < 500 || status >= 600;
}

/** Nothing more is tried. */
function giveUp(turn: Turn, hunt: Hunt, response: StoredResponse | null, failure: FailureCode): void {
  hunt.current = null;
  const told = finalReply(hunt, response, failure);
  if (hunt.goal === "setup") rejectCaller(turn, told, failure);
  else transferFailed(turn, told);
}

/**
 * What one PSAP or gateway said is no answer to an emergency call: whoever asked for it gets 503, so that what stands before it tries elsewhere. Else the best
 * response, unless it is about a trunk.
 */
function finalReply({ preparation }: Hunt, response: StoredResponse | null, failure: FailureCode): StoredResponse {
  if (preparation !== null) return inviteFailureReply("all-trunks-failed");
  return response !== null && response.status !== 503 ? response : inviteFailureReply(toldFailure(failure));
}

/** What the caller is told when no response of a peer says it: local limits are a "later", everything else a "no way out". */
function toldFailure(failure: FailureCode): FailureCode {
  if (failure === "trunk-full") return "call-limit-reached";
  if (failure === "trunk-too-fast") return "rate-limit-reached";
  return failure === "peer-unavailable" ? "all-trunks-failed" : failure;
}

/** The peer's response as the caller may see it. Credentials are between neighbours: 401 and 407 are a refusal (no challenge passes). */
function forCaller(turn: Turn, trying: Trying, response: SipMessage, status: number): StoredResponse {
  if (status === 401 || status === 407 || status < 400) {
    return inviteFailureReply(classifySipFailure(status, q850In(response)));
  }
  const { call } = turn;
  const { profile } = trying.plan;
  const to = call.parties.find(({ id }) => id === call.caller?.party)?.profile ?? profile;
  const passed = passedResponse(call, response, profile, to);
  return status === response.status ? passed : { ...passed, status, reason: reasonPhrase(status) };
}
