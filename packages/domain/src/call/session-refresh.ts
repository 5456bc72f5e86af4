import { parseMinSe, sameSession, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { FailureCode } from "../failure/catalogue.ts";
import type { Exchange, Purpose } from "./exchange.ts";
import type { Dialog } from "./party.ts";
import { learnAbilities } from "./called-dialogs.ts";
import { AUDIT_AFTER_MS } from "./deadlines.ts";
import { hangUp } from "./hang-up.ts";
import { bodyMessage, ownDescription, sdpIn } from "./headers/description.ts";
import { reasonsOf } from "./headers/reason.ts";
import { firstUri } from "./headers/values.ts";
import { spread } from "./identity.ts";
import { endRejected, endsDialog, forgetSpared, spare } from "./mid-dialog.ts";
import { NO_PAYLOAD, sendAck, sendInDialog, type Payload } from "./outgoing.ts";
import { earlyMs, MAX_INTERVAL_RETRIES, runningTimer, timerFromAnswer, timerRefresh } from "./session-timer.ts";
import { peerOf, placeOf, standingPlaces, startTimer, type Place, type Turn } from "./turn.ts";

/** Looks after an established call: refreshes due, sessions that lapsed, retries after glare, the audit. */
export function lookAfter(turn: Turn): void {
  const { call, now } = turn;
  if (call.phase !== "up") return;
  for (const place of standingPlaces(call)) {
    const { timer, retryAtMs } = place.dialog;
    if (timer !== null && now >= timer.expiresAtMs - earlyMs(timer.intervalS)) {
      if (!spare(turn, place, "session-lapsed")) {
        expire(turn);
        return;
      }
      refreshSpared(turn, place);
    } else if (timer?.refresher === "us" && now >= timer.actAtMs) refresh(turn, place);
    if (retryAtMs > 0 && now >= retryAtMs) resync(turn, place);
  }
  if (now >= call.auditAtMs) audit(turn);
}

/** So long an emergency call goes on after its session lapsed, in milliseconds. Media may well flow: only the signalling of one side fell silent. */
const SPARED_MS = 600_000;

/** Nobody refreshed the session of an emergency call: we ask the peer ourselves, and wait. */
function refreshSpared(turn: Turn, place: Place): void {
  const { timer } = place.dialog;
  if (timer === null) return;
  const refresher = timer.refresher;
  refresh(turn, place);
  place.dialog.timer = {
    ...timer,
    refresher,
    expiresAtMs: turn.now + SPARED_MS + earlyMs(timer.intervalS),
    actAtMs: turn.now + SPARED_MS,
  };
}

/** RFC 4028 §10: nobody refreshed the session; BYE on both legs. */
function expire(turn: Turn): void {
  hangUp(turn, {
    except: null,
    bye: { headers: reasonsOf("session-expired"), body: "" },
    end: { failure: "session-expired", endedBy: "system", q850: null },
    callerGets: null,
  });
}

/** Our refresh: UPDATE without offer where the peer allows it, else a re-INVITE with the description it has (RFC 4028 §7.4). `longer` as of its purpose. */
function refresh(turn: Turn, place: Place, longer = 0): void {
  const { dialog } = place;
  const { timer } = dialog;
  if (timer === null) return;
  // Another try comes at three quarters, in case this one is refused without ending the dialog.
  timer.actAtMs = turn.now + timer.intervalS * 250;
  const purpose = { kind: "refresh", ...(longer > 0 && { longer }) } as const;
  if (dialog.allows.includes("UPDATE") || describedFor(turn, place) === "") {
    const headers: readonly HeaderLine[] = [["Supported", "timer"], ...timerRefresh(timer)];
    sendInDialog(turn, place, { method: "UPDATE", headers, body: "" }, purpose);
  } else if (inviteMayGo(turn, place)) reinvite(turn, place, purpose);
}

/** The other side's last description, which a re-INVITE to this one would hold; empty when it has none. */
function describedFor({ call }: Turn, place: Place): string {
  return peerOf(call, place)?.dialog.sdp ?? "";
}

/** Brings a peer back to what the other side has, by a re-INVITE of ours. */
export function resync(turn: Turn, place: Place): void {
  place.dialog.retryAtMs = 0;
  if (describedFor(turn, place) === "") return;
  if (inviteMayGo(turn, place)) reinvite(turn, place, { kind: "resync" });
  else retryLater(turn, place);
}

function reinvite(turn: Turn, place: Place, purpose: Purpose): void {
  const other = peerOf(turn.call, place);
  const { headers, body } = other === null ? NO_PAYLOAD : sdpPayload(place, other);
  const all: readonly HeaderLine[] = [["Supported", "timer"], ...timerRefresh(place.dialog.timer), ...headers];
  if (body !== "") place.dialog.offer = "sent";
  sendInDialog(turn, place, { method: "INVITE", headers: all, body, offered: body }, purpose);
}

/** What `to` is told of the other side's session: its last description, as ours. */
export function sdpPayload(to: Place, from: Place): Payload {
  const { sdp } = from.dialog;
  if (sdp === "") return NO_PAYLOAD;
  const type = "application/sdp";
  const body = ownDescription(to.dialog.origin, bodyMessage(type, sdp), to.party.profile.contactHost);
  return { headers: [["Content-Type", type]], body };
}

/** RFC 3261 §14.1: one INVITE at a time in a dialog, in either direction; and none while an offer is open. */
function inviteMayGo({ call }: Turn, { dialog }: Place): boolean {
  const ids = new Set([dialog.id, dialog.peer]);
  return (
    dialog.offer === "none" &&
    !call.unacked.some((unacked) => ids.has(unacked.dialog)) &&
    !call.exchanges.some((exchange) => exchange.method === "INVITE" && ids.has(exchange.dialog))
  );
}

/**
 * RFC 3261 §14.1: after 491 the owner of the Call-ID waits 2.1–4 s, the other 0–2 s, in steps of 10 ms. The choice is spread by the dialog's
 * id instead of chance.
 */
function glareWaitMs(callId: string, { party, dialog }: Place): number {
  const seed = `${callId}-${dialog.id}-${dialog.localCseq}`;
  return party.role === "uac" ? 2_100 + 10 * spread(seed, 191) : 10 * spread(seed, 201);
}

function retryLater(turn: Turn, place: Place): void {
  const waitMs = glareWaitMs(turn.call.id, place);
  place.dialog.retryAtMs = turn.now + waitMs;
  startTimer(turn, `retry:${place.dialog.id}`, waitMs);
}

/** The answer to a refresh or resync of ours. */
export function onOwnAnswer(turn: Turn, exchange: Exchange, response: SipMessage): void {
  const place = placeOf(turn.call, exchange.dialog);
  if (place === null || response.status < 200) return;
  const { dialog, party } = place;
  if (exchange.method === "INVITE") dialog.offer = "none";
  if (response.status < 300) {
    forgetSpared(dialog);
    learnTarget(dialog, response);
    if (exchange.method === "INVITE") {
      sendAck(turn, place, exchange.cseq);
      learnAnswer(turn, place, exchange, response);
    }
    if (dialog.timer !== null) {
      dialog.timer = timerFromAnswer(response, party.profile.sessionTimer, dialog.timer, turn.now);
    }
  } else onOwnRefusal(turn, place, exchange, response);
}

/** A peer that was resynchronised may answer with another description than it had: the other side gets that one, once. */
function learnAnswer(turn: Turn, place: Place, exchange: Exchange, response: SipMessage): void {
  const sdp = sdpIn(response);
  const before = place.dialog.sdp;
  if (sdp === "") return;
  place.dialog.sdp = sdp;
  const other = peerOf(turn.call, place);
  if (exchange.purpose.kind !== "resync" || other === null || sameSession(before, sdp)) return;
  if (inviteMayGo(turn, other)) reinvite(turn, other, { kind: "refresh" });
}

function learnTarget(dialog: Dialog, response: SipMessage): void {
  dialog.target = firstUri(response, "Contact") ?? dialog.target;
  learnAbilities(dialog, response);
}

function onOwnRefusal(turn: Turn, place: Place, exchange: Exchange, response: SipMessage): void {
  const { dialog } = place;
  if (endsDialog(exchange.method, response.status)) endRejected(turn, place, response.status);
  else if (response.status === 491) retryLater(turn, place);
  else if (response.status === 422 && dialog.timer !== null) {
    const minSeS = parseMinSe(response.get("Min-SE") ?? "") ?? 0;
    const { purpose } = exchange;
    const longer = (purpose.kind === "refresh" ? (purpose.longer ?? 0) : 0) + 1;
    // RFC 4028 §6 lets the Min-SE grow on the way, once per hop at most: a peer that asks for more every time would have us send without end.
    if (minSeS > dialog.timer.intervalS && longer <= MAX_INTERVAL_RETRIES) refreshLonger(turn, place, minSeS, longer);
  } else if (exchange.method === "UPDATE") {
    // The peer refuses UPDATE: re-INVITE instead. Without a description for one the next try comes in its time.
    dialog.allows = dialog.allows.replace("UPDATE", "");
    if (describedFor(turn, place) !== "") refresh(turn, place);
  }
}

/** RFC 4028 §7.4: the peer wants a longer interval; the refresh goes again with it. The session still ends when it was to end. */
function refreshLonger(turn: Turn, place: Place, minSeS: number, longer: number): void {
  const { timer } = place.dialog;
  if (timer === null) return;
  place.dialog.timer = { ...runningTimer(minSeS, timer.refresher, turn.now), expiresAtMs: timer.expiresAtMs };
  refresh(turn, place, longer);
}

/** Asks peers that no session timer watches whether they still know the dialog. */
function audit(turn: Turn): void {
  const { call, now } = turn;
  call.auditAtMs = now + AUDIT_AFTER_MS;
  for (const place of standingPlaces(call)) {
    if (place.dialog.timer !== null) continue;
    sendInDialog(turn, place, { method: "OPTIONS", headers: [], body: "" }, { kind: "audit" });
  }
}

/** A peer that stays silent counts as 408 (RFC 3261 §8.1.3.1); when it was not reached, the next refresh may reach it. */
export function onOwnSilence(turn: Turn, exchange: Exchange, failure: FailureCode): void {
  const place = placeOf(turn.call, exchange.dialog);
  if (place === null) return;
  if (exchange.method === "INVITE") place.dialog.offer = "none";
  if (failure === "peer-timeout") endRejected(turn, place, 408);
}
