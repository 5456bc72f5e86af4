import { parseMaxForwards, readTag, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { FailureCode } from "../failure/catalogue.ts";
import type { Exchange, PendingRequest } from "./exchange.ts";
import type { Dialog, StoredResponse } from "./party.ts";
import { alarm } from "./alarm.ts";
import { learnAbilities, passedResponse } from "./called-dialogs.ts";
import { emergencyCaller } from "./emergency-transfer.ts";
import { hangUp } from "./hang-up.ts";
import { ownDescription, sdpIn } from "./headers/description.ts";
import { hostsOfSender } from "./headers/hidden-hosts.ts";
import { passingHeaders } from "./headers/passing.ts";
import { reasonsOf } from "./headers/reason.ts";
import { SETTLED_OPTIONS } from "./headers/reliability.ts";
import { cseqOf, firstUri } from "./headers/values.ts";
import { answerPending, answerRequest, localTagOf, sendInDialog, type Received } from "./outgoing.ts";
import { notePassedRefer, translateSubscription, withoutFragmentHeaders } from "./refer-subscription.ts";
import { failureReply, notNowReply, reply } from "./replies.ts";
import { acceptTimer, earlyMs, timerFromAnswer, timerRefresh, timerWish } from "./session-timer.ts";
import { peerOf, placeOf, type Place, type Turn } from "./turn.ts";

/** Methods whose success moves the remote target and the session timer (RFC 3261 §12.2, RFC 3311 §5, RFC 4028 §7.4). */
const REFRESHING: ReadonlySet<string> = new Set(["INVITE", "UPDATE"]);

/** Methods whose body may be an offer (RFC 3264; PRACK: RFC 3262 §5). */
const OFFERING: ReadonlySet<string> = new Set(["INVITE", "UPDATE", "PRACK"]);

/** Requests passed on that may wait for an answer at once, so that a peer which sends without end makes no record grow. Of those that may hold an offer there is one at a time anyway. */
const MOST_RELAYED = 64;

/** Passes a request of one peer to the other; the answer comes back through `onRelayAnswer`. */
export function relayRequest(turn: Turn, place: Place, received: Received, as: RelayAs = {}): void {
  const to = peerOf(turn.call, place);
  const hops = parseMaxForwards(received.message.get("Max-Forwards") ?? "") ?? 70;
  // While a transfer is on its way the referrer may have left already: there will be somebody soon.
  if (to === null && turn.call.transfer !== null) {
    answerRequest(turn, place, received, notNowReply(turn.call.id, "answer-pending"));
  } else if (to === null) answerRequest(turn, place, received, failureReply("call-gone"));
  else if (hops === 0) answerRequest(turn, place, received, failureReply("too-many-hops"));
  else if (isOneTooMany(turn, received))
    answerRequest(turn, place, received, notNowReply(turn.call.id, "answer-pending"));
  else passOn(turn, { place, to, received, hops }, as);
}

function isOneTooMany({ call }: Turn, { message }: Received): boolean {
  if (OFFERING.has(message.method)) return false;
  return call.exchanges.filter(({ purpose }) => purpose.kind === "relay").length >= MOST_RELAYED;
}

/** What is different on the other leg. */
export interface RelayAs {
  readonly method?: string;
  /** Lines to add. */
  readonly extra?: readonly HeaderLine[];
}

interface Relay {
  readonly place: Place;
  readonly to: Place;
  readonly received: Received;
  readonly hops: number;
}

function passOn(turn: Turn, { place, to, received, hops }: Relay, as: RelayAs): void {
  const { message } = received;
  const method = as.method ?? message.method;
  const sdp = sdpIn(message);
  const refreshing = REFRESHING.has(method);
  const offered = OFFERING.has(method) && place.dialog.offer === "none" ? sdp : "";
  if (offered !== "") noteOffer(place.dialog, to.dialog);
  const headers: readonly HeaderLine[] = [
    ["Max-Forwards", String(hops - 1)],
    ...(as.extra ?? []),
    ...translated(turn, place, to, message),
    ...(refreshing ? [["Supported", "timer"] as const, ...timerRefresh(to.dialog.timer)] : []),
  ];
  const body =
    method === "NOTIFY"
      ? withoutFragmentHeaders(message)
      : ownDescription(to.dialog.origin, message, to.party.profile.contactHost);
  const purpose = { kind: "relay", origin: pendingRequest(turn, place, received) } as const;
  const sent = sendInDialog(turn, to, { method, headers, body, offered }, purpose);
  if (method === "REFER") notePassedRefer(turn.call, sent, cseqOf(message));
}

function translated(turn: Turn, place: Place, to: Place, message: SipMessage): readonly HeaderLine[] {
  const lines = passingHeaders(message.headers, wayTo(turn, place, to, message));
  return message.method === "NOTIFY" ? translateSubscription(turn.call, place.dialog, lines) : lines;
}

/** `from` made an offer that `to` has from us. */
export function noteOffer(from: Dialog, to: Dialog): void {
  from.offer = "received";
  to.offer = "sent";
}

/** How headers pass from one dialog to the other. */
export function wayTo(turn: Turn, from: Place, to: Place, message: SipMessage) {
  const { contactHost, peerHost } = from.party.profile;
  return {
    to: to.party.profile,
    hidden: () => hostsOfSender(message, [contactHost, peerHost]),
    emergency: emergencyCaller(turn.call) !== null,
    suppressIdentity: false,
    settled: SETTLED_OPTIONS,
  };
}

/** A request as it is kept until its answer comes. */
export function pendingRequest(turn: Turn, place: Place, { transaction, message }: Received): PendingRequest {
  const to = message.get("To") ?? "";
  return {
    transaction,
    dialog: place.dialog.id,
    method: message.method,
    cseq: cseqOf(message),
    from: message.get("From") ?? "",
    to: readTag(to) === undefined ? `${to};tag=${localTagOf(turn.call, place.party, place.dialog)}` : to,
    target: firstUri(message, "Contact") ?? "",
    timer: REFRESHING.has(message.method) ? timerWish(message) : null,
    open: true,
  };
}

/** The final response to a passed-on request goes back to who asked. */
export function onRelayAnswer(turn: Turn, exchange: Exchange, origin: PendingRequest, response: SipMessage): void {
  const asked = placeOf(turn.call, exchange.dialog);
  const asker = placeOf(turn.call, origin.dialog);
  if (asked === null || asker === null) {
    answerPending(turn, origin, reply(487));
    return;
  }
  if (response.status < 300) learnFromSuccess(turn, exchange, { asked, asker }, response);
  if (exchange.offered !== "") settleOffer({ asked, asker });
  const passed = passedResponse(turn.call, response, asked.party.profile, asker.party.profile);
  const terms = response.status < 300 ? acceptRefresh(turn, asker, origin) : [];
  const body = ownDescription(asker.dialog.origin, response, asker.party.profile.contactHost);
  answerPending(turn, origin, asTold(turn, origin, { ...passed, headers: [...passed.headers, ...terms], body }));
  if (endsDialog(exchange.method, response.status)) endRejected(turn, asked, response.status);
}

/**
 * A final response as the asker is told it. 408 is none to anything but an INVITE (RFC 4320 §4.2), and would end the asker's dialog (RFC 3261 §12.2.1.2), while an
 * emergency call outlives a silent peer: it is told as 504. Credentials are between neighbours: 401 and 407 are a refusal, as of an INVITE that begins a call.
 */
export function asTold({ call }: Turn, { method }: PendingRequest, response: StoredResponse): StoredResponse {
  if (response.status === 401 || response.status === 407) return failureReply("peer-unauthorised");
  const isBarred = method !== "INVITE" || emergencyCaller(call) !== null;
  return response.status === 408 && isBarred ? failureReply("peer-timeout") : response;
}

interface Exchanged {
  /** Who answered. */
  readonly asked: Place;
  /** Who asked. */
  readonly asker: Place;
}

/** Both sides accepted: targets, timers and descriptions are the new ones. */
export function learnFromSuccess(
  turn: Turn,
  exchange: Exchange,
  { asked, asker }: Exchanged,
  response: SipMessage,
): void {
  forgetSpared(asked.dialog);
  const sdp = sdpIn(response);
  if (exchange.offered !== "") {
    asker.dialog.sdp = exchange.offered;
    if (sdp !== "") asked.dialog.sdp = sdp;
  }
  if (!REFRESHING.has(exchange.method)) return;
  asked.dialog.target = firstUri(response, "Contact") ?? asked.dialog.target;
  learnAbilities(asked.dialog, response);
  const { profile } = asked.party;
  if (asked.dialog.timer !== null) {
    asked.dialog.timer = timerFromAnswer(response, profile.sessionTimer, asked.dialog.timer, turn.now);
  }
  if (sdp !== "") asked.dialog.sdp = sdp;
}

/** The offer is answered or refused (RFC 3264 §4): either way nobody owes an answer. */
export function settleOffer({ asked, asker }: Exchanged): void {
  asked.dialog.offer = "none";
  asker.dialog.offer = "none";
}

/** The asker's own target and timer, now that its request succeeded. Gives the session timer headers of the answer. */
export function acceptRefresh(turn: Turn, asker: Place, origin: PendingRequest): readonly HeaderLine[] {
  if (origin.timer === null) return [];
  const { dialog, party } = asker;
  if (origin.target !== "") dialog.target = origin.target;
  if (!dialog.confirmed) return [];
  const terms = acceptTimer(origin.timer, party.profile.sessionTimer, dialog.timer, turn.now);
  dialog.timer = terms.timer;
  return terms.headers;
}

/** Answers that say that the peer does not know the dialog any more (RFC 3261 §12.2.1.2, RFC 5057 §5.1). */
export function endsDialog(method: string, status: number): boolean {
  return status === 481 || (status === 408 && REFRESHING.has(method));
}

/**
 * An emergency call outlives one lapse of a session and one silence of a peer: people are alarmed first. False: the call is none, or was spared for that
 * cause before.
 */
export function spare(turn: Turn, { party, dialog }: Place, cause: "session-lapsed" | "peer-silent"): boolean {
  if (emergencyCaller(turn.call) === null) return false;
  alarm(turn, party.profile.trunk, cause);
  const spared = cause === "peer-silent" ? "silenceSpared" : "lapseSpared";
  const first = !dialog[spared];
  dialog[spared] = true;
  return first;
}

/** The peer answered: the next silence or lapse is the first again. */
export function forgetSpared(dialog: Dialog): void {
  dialog.silenceSpared = false;
  dialog.lapseSpared = false;
}

/** Whether an emergency call was spared and its session still runs: while it does, more silence says nothing new. Its lapse ends the call. */
function inGrace({ call, now }: Turn, { dialog: { silenceSpared, lapseSpared, timer } }: Place): boolean {
  if (emergencyCaller(call) === null || !(silenceSpared || lapseSpared) || timer === null) return false;
  return now < timer.expiresAtMs - earlyMs(timer.intervalS);
}

/**
 * A peer has lost the dialog (481), or did not answer (408): the call ends on both sides; the one that lost it gets a BYE all the same. Silence alone
 * does not end an emergency call the first time, nor while its session runs.
 */
export function endRejected(turn: Turn, lost: Place, status: number): void {
  if (!lost.dialog.confirmed || turn.call.phase !== "up") return;
  if (status === 408 && (inGrace(turn, lost) || spare(turn, lost, "peer-silent"))) return;
  hangUp(turn, {
    except: null,
    bye: { headers: reasonsOf("dialog-rejected"), body: "" },
    end: { failure: "dialog-rejected", endedBy: "system", q850: null },
    callerGets: null,
  });
}

/**
 * No answer to a passed-on request. Only a peer that was reached and stayed silent counts as 408 (RFC 3261 §8.1.3.1): a lost worker, edge or
 * connection says nothing about the dialog. Of a request whose time is over the edge has forgotten the transaction: it gives nothing then (RFC 4320 §4.2).
 */
export function onRelaySilence(turn: Turn, exchange: Exchange, origin: PendingRequest, failure: FailureCode): void {
  const asked = placeOf(turn.call, exchange.dialog);
  const asker = placeOf(turn.call, origin.dialog);
  if (asked !== null && asker !== null && exchange.offered !== "") settleOffer({ asked, asker });
  const silent = failure === "peer-timeout";
  answerPending(turn, origin, silent ? asTold(turn, origin, reply(408)) : failureReply(failure));
  if (silent && asked !== null && endsDialog(exchange.method, 408)) endRejected(turn, asked, 408);
}
