import { buildRequest, type HeaderLine, type RequestParts, type SipMessage } from "@tandem/sip";
import { composeEmergencyInvite } from "../emergency/invite/compose-invite.ts";
import type { Call } from "./call.ts";
import type { Effect } from "./effect.ts";
import { emergencyCaller } from "./emergency-transfer.ts";
import type { Exchange } from "./exchange.ts";
import type { Hunt, StoredRequest, Trying } from "./hunt.ts";
import type { Party } from "./party.ts";
import { callAddresses, contactOn } from "./headers/addresses.ts";
import { bodyMessage, ownDescription, sdpIn } from "./headers/description.ts";
import { passingHeaders, privacyAsked, type Way } from "./headers/passing.ts";
import { reliableOffer, SETTLED_OPTIONS } from "./headers/reliability.ts";
import { pathLine } from "./headers/path.ts";
import { schemeOf } from "./headers/values.ts";
import { sipCallIdOf, spread, tagOf, type PartyId } from "./identity.ts";
import { noteMessage } from "./ladder.ts";
import type { AttemptPlan } from "./leg-profile.ts";
import { legWay } from "./leg-way.ts";
import { timerOffer } from "./session-timer.ts";
import { answerPending } from "./outgoing.ts";
import { reply } from "./replies.ts";
import { withAddedPlace, withToldPlace } from "./told-location.ts";
import { dropDialogs, partyOf, startTimer, type Turn } from "./turn.ts";

type Sent = Extract<Effect, { kind: "send" }>;

/** What every branch begins with (RFC 3261 §8.1.1.7). */
export const BRANCH_COOKIE = "z9hG4bK";

/** Opens the detail record of an attempt; its trunk's lease is asked for first when the trunk has limits. */
export function openAttempt(turn: Turn, hunt: Hunt, plan: AttemptPlan): Trying {
  const { call, now } = turn;
  call.attempts.push({
    trunk: plan.profile.trunk,
    route: plan.route,
    calledNumber: plan.calledNumber,
    callingNumber: plan.callingNumber,
    ...(plan.emergency?.descriptionOnly === true && { descriptionOnly: true }),
    startMs: now,
    ringMs: 0,
    answerMs: 0,
    endMs: 0,
    sipCode: 0,
    q850: null,
    outcome: "",
  });
  const attempt = call.attempts.length - 1;
  const trying: Trying = {
    plan,
    attempt,
    state: "gate",
    party: null,
    exchange: null,
    sentMs: 0,
    retries: 0,
    minSeS: 0,
    moves: 0,
  };
  hunt.current = trying;
  return trying;
}

/** Whether the trunk's limits must be asked. Emergency calls are outside all limits. */
export function needsGate(call: Call, plan: AttemptPlan): boolean {
  return emergencyCaller(call) === null && (plan.maxCalls > 0 || plan.maxCallsPerSecond > 0);
}

/** Calls the party of the current attempt: new identity, INVITE, timers. The record is saved first (write-ahead). */
export function placeAttempt(turn: Turn, hunt: Hunt, trying: Trying): void {
  const party = newParty(turn, hunt, trying.plan);
  turn.call.parties.push(party);
  trying.state = "calling";
  trying.party = party.id;
  trying.sentMs = turn.now;
  sendInvite(turn, hunt, trying, party);
  startAttemptTimers(turn, trying, party.id);
}

function startAttemptTimers(turn: Turn, { plan, state }: Trying, party: PartyId): void {
  const { connectTimeoutMs, progressTimeoutMs, ringTimeoutMs } = plan;
  const timers = {
    connect: state === "calling" ? connectTimeoutMs : 0,
    progress: state === "progress" ? 0 : progressTimeoutMs,
    ring: ringTimeoutMs,
  };
  for (const [timer, afterMs] of Object.entries(timers)) {
    if (afterMs > 0) startTimer(turn, `${timer}:${party}`, afterMs);
  }
}

/** The timer ends the attempt unless something comes. */
export function isAttemptTimer(timer: string, { party }: Trying): boolean {
  return party !== null && ["connect", "progress", "ring"].some((kind) => timer === `${kind}:${party}`);
}

/** How often an attempt's INVITE goes again when edge after edge dies. */
export const MOST_MOVES = 3;

/**
 * The INVITE of the current attempt once more, because its edge or its worker is gone. By the edge that sent it (`knownBy`), or another one of its address, it is a
 * retransmission to the peer, which rings on and repeats its last response (RFC 3261 §17.2.1, §17.2.3). False: there is nothing to repeat.
 */
export function repeatInvite(turn: Turn, hunt: Hunt, trying: Trying, knownBy?: Sent["knownBy"]): boolean {
  const party = partyOf(turn.call, trying.party ?? "");
  const exchange = turn.call.exchanges.find(({ id }) => id === trying.exchange);
  if (party === null || exchange === undefined || exchange.cancelled || trying.moves >= MOST_MOVES) return false;
  trying.moves += 1;
  pushInvite(turn, hunt, trying, { party, exchange: exchange.id, ...(knownBy === undefined ? {} : { knownBy }) });
  startAttemptTimers(turn, trying, party.id);
  return true;
}

/** The current attempt once more from the beginning, as a new dialog: what was out there is over. */
export function placeAnew(turn: Turn, hunt: Hunt, trying: Trying): void {
  const { call } = turn;
  const party = partyOf(call, trying.party ?? "");
  if (party !== null) dropDialogs(turn, party);
  for (const { party: asked, purpose } of call.exchanges) {
    if (asked === trying.party && purpose.kind === "relay") answerPending(turn, purpose.origin, reply(487));
  }
  call.exchanges = call.exchanges.filter((exchange) => exchange.party !== trying.party);
  placeAttempt(turn, hunt, trying);
}

function newParty(turn: Turn, hunt: Hunt, plan: AttemptPlan): Party {
  const { call } = turn;
  call.partySerial += 1;
  const id = `${hunt.leg}${call.partySerial}`;
  const caller = emergencyCaller(call);
  const { from, to, uri } = callAddresses(hunt.request, plan, caller !== null);
  const scheme = schemeOf(plan.requestUri ?? uri) === "sips" ? "sips" : "sip";
  return {
    id,
    leg: hunt.leg,
    role: "uac",
    profile: plan.profile,
    sipCallId: sipCallIdOf(call.id, id),
    local: from,
    remote: to,
    contact: contactOn(plan.profile, plan.callingNumber, scheme),
    inviteCseq: 0,
    usedCseq: 0,
    forks: 0,
    dialogs: [],
    origin: {
      id: 1 + spread(`${call.id}-${id}`, 0x7fffffff),
      version: 0,
      mark: "",
      ...(caller !== null && hunt.leg !== caller ? QUIET : {}),
    },
  };
}

/** RFC 6881 ED-73 towards the side that helps. */
const QUIET = { quiet: true } as const;

function inviteUri(call: Call, hunt: Hunt, plan: AttemptPlan): string {
  return plan.requestUri ?? callAddresses(hunt.request, plan, emergencyCaller(call) !== null).uri;
}

/** Request-URI of the INVITE under way to that party; null: none is. */
export function invitedUri(call: Call, party: PartyId): string | null {
  const { hunt } = call;
  const trying = hunt?.current ?? null;
  return hunt === null || trying?.party !== party ? null : inviteUri(call, hunt, trying.plan);
}

/** The INVITE of an attempt, also again with a longer session interval after 422 (RFC 4028 §7.4: same dialog, next CSeq). */
export function sendInvite(turn: Turn, hunt: Hunt, trying: Trying, party: Party): void {
  party.inviteCseq += 1;
  const exchange: Exchange = {
    id: `${party.id}-${party.inviteCseq}`,
    party: party.id,
    dialog: null,
    method: "INVITE",
    cseq: party.inviteCseq,
    sentMs: turn.now,
    purpose: { kind: "attempt" },
    cancelled: false,
    offered: "",
  };
  turn.call.exchanges.push(exchange);
  trying.exchange = exchange.id;
  pushInvite(turn, hunt, trying, { party, exchange: exchange.id });
}

/** Branch of the Via of an attempt's INVITE; a further address of its peer has it with `.2`, `.3`… after it (RFC 3263 §4.3). */
export function inviteBranch(call: Call, exchange: string): string {
  return `${BRANCH_COOKIE}${call.id}-${exchange}`;
}

function pushInvite(
  turn: Turn,
  hunt: Hunt,
  trying: Trying,
  { party, exchange, ...by }: Pick<Sent, "exchange" | "knownBy"> & { readonly party: Party },
): void {
  const { trunk } = party.profile;
  const request = inviteOf(turn, hunt, trying, party);
  const branch = inviteBranch(turn.call, exchange);
  turn.effects.push({ kind: "send", exchange, leg: party.leg, request, ...legWay(party.profile), branch, ...by });
  const bare = trying.plan.emergency?.descriptionOnly === true ? ", session description alone" : "";
  noteMessage(turn, ">", trunk, `INVITE ${inviteUri(turn.call, hunt, trying.plan)}${bare}`);
}

/** The INVITE of an attempt, the same however often it is made. */
export function inviteOf(turn: Turn, hunt: Hunt, trying: Trying, party: Party): SipMessage {
  const { plan, minSeS } = trying;
  const request = plan.tellsPlace === true ? withToldPlace(hunt.request, turn.call) : hunt.request;
  return asProfileWants(turn, hunt, plan, {
    method: "INVITE",
    uri: inviteUri(turn.call, hunt, plan),
    headers: inviteHeaders(turn, request, { party, plan, minSeS }),
    body: ownDescription(party.origin, bodyMessage(request.contentType, request.body), party.profile.contactHost),
  });
}

/** The INVITE as it is, or as the trunk's profile wants that of an emergency call. */
function asProfileWants({ call }: Turn, hunt: Hunt, plan: AttemptPlan, parts: RequestParts): SipMessage {
  const invite = buildRequest(parts);
  const { preparation } = hunt;
  const { emergency: egress, profile, callingNumber } = plan;
  if (plan.tellsPlace === true) return withAddedPlace(invite, call, profile);
  if (preparation === null || egress === undefined) return invite;
  return composeEmergencyInvite(invite, { preparation, egress, profile, callingNumber, callId: call.id });
}

interface InviteParts {
  readonly party: Party;
  readonly plan: AttemptPlan;
  readonly minSeS: number;
}

function inviteHeaders(turn: Turn, request: StoredRequest, { party, plan, minSeS }: InviteParts): HeaderLine[] {
  const emergency = emergencyCaller(turn.call) !== null;
  const way: Way = {
    to: party.profile,
    hidden: () => request.hidden,
    emergency,
    suppressIdentity: plan.suppressCallerId,
    settled: SETTLED_OPTIONS,
  };
  const withheld = plan.suppressCallerId && !emergency && plan.callingNumber === "" && !privacyAsked(request.headers);
  const offerless = sdpIn(bodyMessage(request.contentType, request.body)) === "";
  return [
    ["Max-Forwards", String(request.hops)],
    ["From", `${party.local};tag=${tagOf(turn.call.id, party.id)}`],
    ["To", party.remote],
    ["Call-ID", party.sipCallId],
    ["CSeq", `${party.inviteCseq} INVITE`],
    ["Contact", party.contact],
    ...passingHeaders(request.headers, way),
    ...reliableOffer(party.profile.reliableProvisional, request.reliable, offerless),
    ["Supported", "timer"],
    ...timerOffer(party.profile.sessionTimer, minSeS),
    ...(withheld ? [["Privacy", "id"] as const] : []),
    ...(plan.headers ?? []),
    pathLine(request.path),
  ];
}
