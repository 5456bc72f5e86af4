import { canonicalHeaderName, type HeaderLine, type SipMessage } from "@tandem/sip";
import { closeAttempt } from "./attempt-end.ts";
import type { HeldAnswer, Hunt, Trying, WaitingInvite } from "./hunt.ts";
import type { Dialog } from "./party.ts";
import { calledDialog, passedResponse } from "./called-dialogs.ts";
import { callerDialog, closeCaller, pendingInvite, respondToCaller } from "./caller.ts";
import { AUDIT_AFTER_MS } from "./deadlines.ts";
import { bodyMessage, ownDescription, SDP_TYPE, sdpIn } from "./headers/description.ts";
import { q850In } from "./headers/reason.ts";
import { endCalledDialog } from "./hang-up.ts";
import { mustHold } from "./reliable-provisionals.ts";
import { acceptTimer, timerFromAnswer } from "./session-timer.ts";
import { joinTransfer } from "./transfer-outcome.ts";
import { partyOf, peerOf, placeOf, removeDialog, type Place, type Turn } from "./turn.ts";

/** A 2xx to the current attempt's INVITE. */
export function onAnswer(turn: Turn, hunt: Hunt, trying: Trying, response: SipMessage): void {
  const { call, cameMs } = turn;
  const party = partyOf(call, trying.party ?? "");
  const dialog = party === null ? null : calledDialog(party, response, Infinity);
  if (party === null || dialog === null) return;
  const called: Place = { party, dialog };
  closeAttempt(turn, trying, {
    outcome: "answered",
    sipCode: response.status,
    q850: q850In(response),
    unreachable: false,
  });
  const { trunk } = party.profile;
  turn.effects.push({ kind: "observe", observation: { kind: "answered", trunk, afterMs: cameMs - trying.sentMs } });
  call.exchanges = call.exchanges.filter(({ id }) => id !== trying.exchange);
  confirmCalled(turn, called, response);
  call.hunt = null;
  if (hunt.goal === "transfer") {
    joinTransfer(turn, called, response);
    return;
  }
  const place = call.caller === null ? null : callerDialog(turn, call.caller, dialog);
  if (call.caller === null || place === null) return;
  if (place.dialog.sdp === "") place.dialog.sdp = sdpIn(bodyMessage(hunt.request.contentType, hunt.request.body));
  const held = heldAnswer(turn, called, place, response);
  if (mustHold(place.dialog)) call.caller.held = held;
  else giveAnswer(turn, call.caller, held);
}

/**
 * The 2xx as the caller gets it. Where the called side gave its answer in a reliable response that the caller had unreliably, it is in the 2xx after all
 * (RFC 3261 §13.3.1.4): to the caller the one before was a preview.
 */
function heldAnswer({ call }: Turn, called: Place, place: Place, response: SipMessage): HeldAnswer {
  const passed = passedResponse(call, response, called.party.profile, place.party.profile);
  const held = { dialog: called.dialog.id, contentType: response.get("Content-Type") ?? "", response: passed };
  return place.dialog.offer === "received" ? withDescription(held, called.dialog.sdp) : held;
}

/** The same with the description that the called side gave before, if it has none of its own. */
export function withDescription(held: HeldAnswer, sdp: string): HeldAnswer {
  const { response } = held;
  if (response.body !== "" || sdp === "") return held;
  const headers: HeaderLine[] = response.headers.filter(([name]) => canonicalHeaderName(name) !== "Content-Type");
  headers.push(["Content-Type", SDP_TYPE]);
  return { ...held, contentType: SDP_TYPE, response: { ...response, headers, body: sdp } };
}

/** The called side's dialog stands; its other early dialogs are over (a 2xx of theirs gets ACK and BYE, RFC 3261 §13.2.2.4). */
function confirmCalled(turn: Turn, called: Place, response: SipMessage): void {
  const { party, dialog } = called;
  for (const other of party.dialogs.filter((candidate) => candidate !== dialog)) {
    const shown = peerOf(turn.call, { party, dialog: other });
    if (shown !== null) removeDialog(turn, shown);
    removeDialog(turn, { party, dialog: other });
  }
  dialog.confirmed = true;
  dialog.timer = timerFromAnswer(response, party.profile.sessionTimer, null, turn.now);
  const sdp = sdpIn(response);
  // An INVITE with offer has its answer now; without one the first description of the called side is the offer (RFC 3264 §4, RFC 6337 §2).
  const offers = dialog.offer === "none" && dialog.sdp === "" && sdp !== "";
  dialog.offer = offers ? "received" : "none";
  if (sdp !== "") dialog.sdp = sdp;
}

/** Gives the caller the answer. The record is saved before the 200 leaves: from here on any worker can go on. */
export function giveAnswer(turn: Turn, caller: WaitingInvite, held: HeldAnswer): void {
  const { call, now } = turn;
  const called = placeOf(call, held.dialog);
  const place = called === null ? null : peerOf(call, called);
  if (called === null || place === null) return;
  const { dialog, party } = place;
  closeCaller(turn);
  party.dialogs = [dialog];
  Object.assign(dialog, { confirmed: true, offer: called.dialog.offer === "received" ? "sent" : "none" });
  const terms = callerTerms(turn, caller, place);
  const response = {
    ...held.response,
    headers: [...held.response.headers, ...terms],
    body: ownDescription(dialog.origin, bodyMessage(held.contentType, held.response.body), party.profile.contactHost),
  };
  call.unacked.push({
    transaction: caller.transaction,
    dialog: dialog.id,
    cseq: caller.cseq,
    ack: called.party.role === "uac" ? { dialog: called.dialog.id, cseq: called.party.inviteCseq } : null,
    offerless: dialog.offer === "sent",
    response,
    request: pendingInvite(turn, caller, dialog.id),
  });
  call.phase = "up";
  call.auditAtMs = now + AUDIT_AFTER_MS;
  Object.assign(call.facts, { answerMs: turn.cameMs, sipCode: response.status });
  respondToCaller(turn, caller, place, response);
}

function callerTerms(turn: Turn, caller: WaitingInvite, { dialog, party }: Place) {
  if (caller.timer === null) return [];
  const terms = acceptTimer(caller.timer, party.profile.sessionTimer, null, turn.now);
  dialog.timer = terms.timer;
  return terms.headers;
}

/** A 2xx nobody waits for any more: of an abandoned attempt, or of a fork after another one answered (RFC 3261 §13.2.2.4). */
export function dismissAnswer(turn: Turn, partyId: string, response: SipMessage): void {
  const party = partyOf(turn.call, partyId);
  const dialog = party === null ? null : calledDialog(party, response, Infinity);
  if (party === null || dialog === null || isInUse(turn, dialog)) return;
  dialog.confirmed = true;
  endCalledDialog(turn, { party, dialog }, { ackCseq: party.inviteCseq, failure: "answered-elsewhere" });
}

/** A 2xx that came twice belongs to the dialog in use: nothing to end. */
function isInUse(turn: Turn, dialog: Dialog): boolean {
  return (
    dialog.confirmed && (dialog.peer !== null || turn.call.exchanges.some((exchange) => exchange.dialog === dialog.id))
  );
}
