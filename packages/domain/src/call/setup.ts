import { headerValues, parseMaxForwards, topVia, type HeaderLine, type SipMessage } from "@tandem/sip";
import { emergencyFacts } from "../emergency/preparation.ts";
import type { FailureCode } from "../failure/catalogue.ts";
import type { Hunt, StoredRequest, WaitingInvite } from "./hunt.ts";
import type { Party, StoredResponse } from "./party.ts";
import { BRANCH_COOKIE } from "./attempt.ts";
import { allowsOf, supportsOf } from "./called-dialogs.ts";
import { rejectCaller } from "./caller.ts";
import { arrivalOf } from "./caller-arrival.ts";
import type { CallEvent } from "./event.ts";
import { askEntry, tryNext } from "./failover.ts";
import { contactOn } from "./headers/addresses.ts";
import { alarm } from "./alarm.ts";
import { sdpIn } from "./headers/description.ts";
import { offersMuLaw } from "./headers/quiet-description.ts";
import { hostsOfSender } from "./headers/hidden-hosts.ts";
import { unknownOptions } from "./headers/options.ts";
import { passableLines } from "./headers/passing.ts";
import { isLoop, pathMark, pathOf } from "./headers/path.ts";
import { reliableWish } from "./headers/reliability.ts";
import { addressOf, cseqOf, firstUri, numberOf, schemeOf, tagIn, withoutTag } from "./headers/values.ts";
import { awaitExpiry, expiryS, withExpiry, withoutExpiry } from "./invite-expiry.ts";
import type { LegProfile } from "./leg-profile.ts";
import { inviteFailureReply } from "./replies.ts";
import { noteDesk } from "./desk-step.ts";
import { timerWish, tooSmall } from "./session-timer.ts";
import { toldLocation } from "./told-location.ts";
import type { Turn } from "./turn.ts";

/** Max-Forwards of a request that brings none (RFC 3261 §8.1.1.6). */
const FULL_HOPS = 70;

type InviteEvent = Extract<CallEvent, { kind: "invite" }>;

/** A new call: the caller's side of the record, the checks that need no route, and the first attempt. */
export function beginCall(turn: Turn, event: InviteEvent): void {
  const { call } = turn;
  const { request, ingress } = event;
  call.phase = "setup";
  fillFacts(turn, event);
  call.desk = event.desk === undefined ? null : { ...event.desk, called: false, lost: false, checkAtMs: 0 };
  if (event.withoutDesk !== undefined) noteDesk(turn, event.withoutDesk);
  call.toldLocation = event.emergency === null ? null : toldLocation(request, event.emergency);
  const caller = waitingInvite(event.transaction, request, "a");
  call.arrival = arrivalOf(event.arrival, request);
  call.caller = isForHelp(event) ? caller : withExpiry(caller, request, turn.now);
  call.parties.push(callerParty(request, ingress));
  const refusal = whyRefused(event, caller);
  if (refusal !== null) rejectCaller(turn, refusal.response, refusal.failure);
  else {
    const hunt = newHunt(event);
    call.hunt = hunt;
    awaitExpiry(turn);
    if (hunt.entry === null) tryNext(turn, hunt);
    else askEntry(turn, hunt.entry);
  }
}

/** An emergency call, or a callback to whoever made one: it lacks what it lacks, and is given up by people only. */
function isForHelp({ emergency, callback }: InviteEvent): boolean {
  return emergency !== null || callback !== undefined;
}

function fillFacts(turn: Turn, { request, ingress, considered, emergency, ...event }: InviteEvent): void {
  const { call } = turn;
  const withoutG711 = emergency !== null && !offersMuLaw(sdpIn(request));
  if (withoutG711) alarm(turn, ingress.trunk, "no-g711");
  Object.assign(call.facts, {
    pool: ingress.pool,
    ingressTrunk: ingress.trunk,
    callingNumber: numberOf(addressOf(request.get("From") ?? "").uri),
    calledNumber: numberOf(request.uri),
    sipCallId: request.get("Call-ID") ?? "",
    emergency: emergency === null ? null : { ...emergencyFacts(emergency), withoutG711 },
    callback: event.callback ?? null,
    origin: event.origin ?? null,
    considered: [...considered],
  });
}

/** The caller's INVITE as it waits for its answers. */
export function waitingInvite(transaction: string, request: SipMessage, party: string): WaitingInvite {
  return {
    transaction,
    party,
    cseq: cseqOf(request),
    from: request.get("From") ?? "",
    to: withoutTag(request.get("To") ?? ""),
    remoteTag: tagIn(request, "From"),
    offered: sdpIn(request) !== "",
    reliable: reliableWish(request),
    recordRoute: headerValues(request, "Record-Route"),
    target: contactIn(request) ?? firstUri(request, "From") ?? "",
    allows: allowsOf(request),
    supports: supportsOf(request),
    held: null,
    timer: timerWish(request),
  };
}

/** Where its sender wants to be reached; `*` is for REGISTER (RFC 3261 §20.10). */
function contactIn(request: SipMessage): string | undefined {
  const uri = firstUri(request, "Contact");
  return uri === "*" ? undefined : uri;
}

/** The party of somebody who sent us an INVITE. */
export function callerParty(request: SipMessage, profile: LegProfile, id = "a"): Party {
  const scheme = schemeOf(request.uri) === "sips" ? "sips" : "sip";
  return {
    id,
    leg: id.startsWith("a") ? "a" : "b",
    role: "uas",
    profile,
    sipCallId: request.get("Call-ID") ?? "",
    local: withoutTag(request.get("To") ?? ""),
    remote: withoutTag(request.get("From") ?? ""),
    contact: contactOn(profile, numberOf(request.uri), scheme),
    inviteCseq: cseqOf(request),
    usedCseq: 0,
    forks: 0,
    dialogs: [],
    origin: { id: 0, version: 0, mark: "" },
  };
}

function newHunt({ request, attempts, ingress, limits, emergency }: InviteEvent): Hunt {
  const stored = storedRequest(request, ingress);
  return {
    goal: "setup",
    madeEmergency: false,
    leg: "b",
    request: emergency === null ? stored : withoutExpiry(stored),
    preparation: emergency,
    plans: [...attempts],
    current: null,
    entry: limits ?? null,
    progressed: false,
    best: null,
    lastFailure: "no-route",
  };
}

/** What the attempts need of an INVITE. */
function storedRequest(request: SipMessage, from: LegProfile): StoredRequest {
  const hops = parseMaxForwards(request.get("Max-Forwards") ?? "") ?? FULL_HOPS;
  // A leg that is not to use reliable responses counts as one that cannot.
  const reliable = from.reliableProvisional === "off" ? "no" : reliableWish(request);
  return {
    uri: request.uri,
    from: request.get("From") ?? "",
    to: request.get("To") ?? "",
    headers: passableLines(request),
    contentType: request.get("Content-Type") ?? "",
    body: request.body,
    // RFC 3261 §16.3 item 3 is for loops, which the marks of the path find too: an emergency call whose hops are used up goes one further.
    hops: Math.max(hops, 1) - 1,
    hidden: hostsOfSender(request, [from.contactHost, from.peerHost]),
    path: [...pathOf(request), pathMark(from, request.uri)],
    reliable,
  };
}

interface Refusal {
  readonly failure: FailureCode;
  readonly response: StoredResponse;
}

/** Checks that need no route, in the order of RFC 3261 §8.2 and §16.3. An emergency call is refused for nothing but a loop. */
function whyRefused(event: InviteEvent, caller: WaitingInvite): Refusal | null {
  const { request, ingress, rejection } = event;
  if (rejection !== undefined) return refusalFor(rejection);
  const spent = parseMaxForwards(request.get("Max-Forwards") ?? "") === 0;
  if (spent && event.emergency === null) return refusalFor("too-many-hops");
  if (isLoop(request, pathMark(ingress, request.uri))) return refusalFor("loop-detected");
  if (event.emergency !== null) return null;
  if (!isForHelp(event) && lacksContact(request)) return refusalFor("malformed-request");
  if (!isForHelp(event) && expiryS(request) === 0) return refusalFor("invite-expired");
  const unknown = unsupportedOptions(request, ingress);
  if (unknown.length > 0) return refusalFor("unsupported-extension", [["Unsupported", unknown.join(", ")]]);
  const minSeS = caller.timer === null ? null : tooSmall(caller.timer, ingress.sessionTimer);
  return minSeS === null ? null : refusalFor("session-interval-too-small", [["Min-SE", String(minSeS)]]);
}

/**
 * RFC 3261 §8.1.1.8: without a Contact there is nowhere to send BYE to. A client by RFC 2543, which its branch shows (§8.1.1.7), need not have one and is reached by its From (RFC 4475 §3.4.1).
 */
function lacksContact(request: SipMessage): boolean {
  return contactIn(request) === undefined && topVia(request)?.branch?.startsWith(BRANCH_COOKIE) === true;
}

function unsupportedOptions(request: SipMessage, ingress: LegProfile): readonly string[] {
  const unknown = unknownOptions(request);
  const refused = ingress.reliableProvisional === "off" && reliableWish(request) === "required";
  return refused ? [...unknown, "100rel"] : unknown;
}

function refusalFor(failure: FailureCode, headers: readonly HeaderLine[] = []): Refusal {
  return { failure, response: inviteFailureReply(failure, headers) };
}
