import {
  headerAddresses,
  headerValues,
  parseSipUri,
  parseUri,
  uriHeader,
  type HeaderLine,
  type SipMessage,
} from "@tandem/sip";
import type { FailureCode } from "../failure/catalogue.ts";
import type { Call } from "./call.ts";
import type { StoredRequest, Transfer } from "./hunt.ts";
import type { CallEvent } from "./event.ts";
import { tryNext } from "./failover.ts";
import { becomeEmergency, emergencyCaller, noteEmergencyGivenUp } from "./emergency-transfer.ts";
import { offHold } from "./headers/description.ts";
import { hideHosts, hostsOfSender } from "./headers/hidden-hosts.ts";
import { cseqOf } from "./headers/values.ts";
import { relayRequest } from "./mid-dialog.ts";
import { answerRequest, type Received } from "./outgoing.ts";
import { replacedCall } from "./replaces.ts";
import { failureReply, reply } from "./replies.ts";
import { tellReferrer, transferFailed } from "./transfer-outcome.ts";
import { withToldLocation } from "./told-location.ts";
import { peerOf, placeOf, type Place, type Turn } from "./turn.ts";

/** Attempts that a record holds when the next target of an ordinary call's transfer is not called any more: whoever refers on and on makes no record grow. */
const MOST_ATTEMPTS = 100;

/** REFER (RFC 3515): passed on, acted upon or refused, as the trunk it came by says. */
export function onRefer(turn: Turn, place: Place, received: Received): void {
  const target = referTarget(received.message);
  const failure = whyNot(turn, place, target);
  if (failure !== null || target === null) {
    answerRequest(turn, place, received, failureReply(failure ?? "bad-refer"));
  } else if (passes(turn, place) && !target.ours) passOn(turn, place, received, target);
  else act(turn, place, received, target);
}

/** The other leg transfers itself. On an emergency call only when it says that it can: a PSAP's REFER must have its effect (RFC 6881 SP-37). */
function passes({ call }: Turn, place: Place): boolean {
  if (place.party.profile.refer !== "pass") return false;
  const allows = peerOf(call, place)?.dialog.allows ?? "";
  return emergencyCaller(call) === null || allows.includes("REFER");
}

interface ReferTarget {
  /** Where to, without embedded headers. */
  readonly uri: string;
  /** The Refer-To line as written. */
  readonly line: string;
  /** Value of the Replaces header in the URI; empty without one. */
  readonly replaces: string;
  /** Replaces names a dialog of Tandem: the target is the other leg of that call (attended transfer). */
  readonly ours: boolean;
}

/** The one Refer-To (RFC 3515 §2.1) with a URI that can be called; null otherwise. */
function referTarget(refer: SipMessage): ReferTarget | null {
  const [address, second] = headerAddresses(refer, "Refer-To");
  const uri = address === undefined || second !== undefined ? undefined : parseUri(address.uri);
  if (address === undefined || (uri?.kind !== "sip" && uri?.kind !== "tel" && uri?.kind !== "urn")) return null;
  const method = parseSipUri(address.uri)?.params.find(([name]) => name.toLowerCase() === "method")?.[1];
  if (method !== undefined && method.toUpperCase() !== "INVITE") return null;
  const replaces = uriHeader(uri, "Replaces") ?? "";
  const question = address.uri.indexOf("?");
  return {
    uri: question < 0 ? address.uri : address.uri.slice(0, question),
    line: refer.get("Refer-To") ?? "",
    replaces,
    ours: replacedCall(replaces) !== null,
  };
}

function whyNot(turn: Turn, place: Place, target: ReferTarget | null): FailureCode | null {
  const { call } = turn;
  if (!place.dialog.confirmed || call.phase !== "up") return "call-gone";
  // RFC 6881 SP-37, SP-38: on an emergency call the PSAP may transfer, the caller may not.
  const caller = emergencyCaller(call);
  if (place.party.leg === caller) return "feature-refused";
  if (caller === null && place.party.profile.refer === "refuse") return "refer-refused";
  if (target === null) return "bad-refer";
  const replacing = call.parties.some(({ dialogs }) => dialogs.some(({ replaces }) => replaces !== null));
  return call.transfer !== null || replacing ? "request-pending" : null;
}

/** The other leg transfers itself. Hosts of this leg's network in Refer-To become ours, where that leg can reach it. */
function passOn(turn: Turn, place: Place, received: Received, target: ReferTarget): void {
  const to = peerOf(turn.call, place);
  const { contactHost, peerHost } = place.party.profile;
  const hidden = new Set(hostsOfSender(received.message, [contactHost, peerHost]));
  const line = hideHosts(target.line, hidden, to?.party.profile.contactHost ?? "");
  relayRequest(turn, place, received, { extra: [["Refer-To", line]] });
}

/** We call the target ourselves: 202, the first NOTIFY, and a question to the shell where the target is reached. */
function act(turn: Turn, place: Place, received: Received, target: ReferTarget): void {
  const kept = peerOf(turn.call, place);
  if (kept === null || !kept.dialog.confirmed || kept.dialog.sdp === "") {
    answerRequest(turn, place, received, failureReply("transfer-failed"));
    return;
  }
  // RFC 4488: the referrer wants no subscription.
  const unsubscribed = received.message.get("Refer-Sub")?.trim().toLowerCase() === "false";
  const headers: readonly HeaderLine[] = unsubscribed ? [["Refer-Sub", "false"]] : [];
  const transfer: Transfer = {
    referrer: place.dialog.id,
    kept: kept.dialog.id,
    atMs: turn.now,
    askedMs: turn.now,
    id: cseqOf(received.message),
    subscribed: !unsubscribed,
    told: 0,
    target: target.uri,
    replaces: target.replaces,
    referredBy: headerValues(received.message, "Referred-By")[0] ?? "",
    hidden: hostsOfSender(received.message, [place.party.profile.contactHost, place.party.profile.peerHost]),
  };
  turn.call.transfer = transfer;
  answerRequest(turn, place, received, reply(202, headers));
  tellReferrer(turn, 100, "Trying");
  askRoute(turn, transfer);
}

/** The shell finds out where the target is reached. A shell that is at it already goes on. */
export function askRoute(turn: Turn, transfer: Transfer): void {
  const { target, replaces } = transfer;
  transfer.askedMs = turn.now;
  turn.effects.push({ kind: "route-transfer", target, headers: replaces === "" ? [] : [["Replaces", replaces]] });
}

type RoutedTransfer = Extract<CallEvent, { kind: "transfer-routed" }>;

/** Where the transfer target can be reached. */
export function onTransferRouted(turn: Turn, event: RoutedTransfer): void {
  const { call } = turn;
  const { transfer } = call;
  const kept = placeOf(call, transfer?.kept ?? null);
  if (transfer === null || kept === null || call.phase !== "up" || call.hunt !== null) {
    if (event.emergency !== undefined) noteEmergencyGivenUp(turn, event.emergency);
    return;
  }
  const failure = event.failure ?? (isOneTooMany(call, event) ? "transfer-limit-reached" : null);
  if (failure !== null || event.attempts.length === 0) {
    transferFailed(turn, failureReply(failure ?? "transfer-failed"));
    return;
  }
  const madeEmergency = event.emergency !== undefined && emergencyCaller(call) === null;
  if (event.emergency !== undefined) {
    becomeEmergency(turn, kept, event.emergency);
    call.facts.considered = [...call.facts.considered, ...event.emergency.considered];
  }
  const request = transferRequest(transfer, kept);
  call.hunt = {
    goal: "transfer",
    preparation: event.emergency?.preparation ?? null,
    madeEmergency,
    leg: kept.party.leg === "a" ? "b" : "a",
    request: event.emergency === undefined ? request : withToldLocation(request, call),
    plans: [...event.attempts],
    current: null,
    entry: null,
    progressed: false,
    best: null,
    lastFailure: "transfer-failed",
  };
  tryNext(turn, call.hunt);
}

/** Whether a target is an emergency number is known only now: one is called however often others were, and so is whomever a call taker transfers to. */
function isOneTooMany(call: Call, { emergency }: RoutedTransfer): boolean {
  return emergency === undefined && emergencyCaller(call) === null && call.attempts.length >= MOST_ATTEMPTS;
}

/** The INVITE to the target: in the name of the side that stays, with its last description as offer. */
function transferRequest({ target, referredBy, hidden }: Transfer, { party, dialog }: Place): StoredRequest {
  const { profile, remote } = party;
  return {
    uri: target,
    from: remote,
    to: `<${target}>`,
    headers: [
      ["Content-Type", "application/sdp"],
      ...(referredBy === "" ? [] : [["Referred-By", referredBy] as const]),
    ],
    contentType: "application/sdp",
    body: offHold(dialog.sdp),
    hops: 69,
    hidden: [...hidden, profile.contactHost, profile.peerHost],
    path: [],
    reliable: "no",
  };
}
