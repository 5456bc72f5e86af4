import { isHold, parseSdp, type HeaderLine, type Sdp, type SipMessage } from "@tandem/sip";
import type { FailureCode } from "../failure/catalogue.ts";
import { emergencyCaller } from "./emergency-transfer.ts";
import type { Exchange, PendingRequest, Unacked } from "./exchange.ts";
import type { StoredResponse } from "./party.ts";
import { passedResponse } from "./called-dialogs.ts";
import { endDialog } from "./hang-up.ts";
import { ownDescription, sdpIn } from "./headers/description.ts";
import { reasonsOf } from "./headers/reason.ts";
import {
  acceptRefresh,
  asTold,
  endRejected,
  endsDialog,
  learnFromSuccess,
  noteOffer,
  relayRequest,
  settleOffer,
} from "./mid-dialog.ts";
import { answerPending, answerRequest, sendAck, type Received } from "./outgoing.ts";
import { failureReply, notNowReply } from "./replies.ts";
import { resync, sdpPayload } from "./session-refresh.ts";
import { timerWish, tooSmall } from "./session-timer.ts";
import { peerOf, placeOf, type Place, type Turn } from "./turn.ts";

/** A re-INVITE of a peer (RFC 3261 §14.2): passed on, unless another INVITE or offer is under way. */
export function onReInvite(turn: Turn, place: Place, received: Received): void {
  const failure = whyNotNow(turn, place, received.message);
  const minSeS = tooSmall(timerWish(received.message), place.party.profile.sessionTimer);
  if (holdsEmergency(turn, place, received.message))
    answerRequest(turn, place, received, failureReply("feature-refused"));
  else if (failure !== null) answerRequest(turn, place, received, notNowReply(turn.call.id, failure));
  else if (minSeS !== null && emergencyCaller(turn.call) === null) {
    answerRequest(turn, place, received, failureReply("session-interval-too-small", [["Min-SE", String(minSeS)]]));
  } else relayRequest(turn, place, received);
}

/**
 * RFC 6881 SP-38: the caller may not put the call taker on hold. The call taker may put the caller there, and the caller's session is refreshed
 * as it is then: what stands on hold already is not put there by the caller.
 */
export function holdsEmergency({ call }: Turn, place: Place, message: SipMessage): boolean {
  if (place.party.leg !== emergencyCaller(call)) return false;
  return holds(sdpIn(message)) && !holds(peerOf(call, place)?.dialog.sdp ?? "");
}

function holds(description: string): boolean {
  const sdp = parseSdp(description);
  return sdp !== undefined && (isHold(sdp) || endsAllMedia(sdp));
}

/** RFC 3264 §8.2: a section with port 0 is ended. With none left in use the call taker hears nothing, as on hold. */
function endsAllMedia({ media }: Sdp): boolean {
  return media.length > 0 && media.every(({ port }) => port === 0);
}

/** RFC 3261 §14.2: 491 when we have an INVITE out ourselves, 500 when the peer's last one is not answered yet. */
function whyNotNow(turn: Turn, place: Place, invite: SipMessage): FailureCode | null {
  const { call } = turn;
  // The INVITE that makes the call is not over: ours towards the called side, or the caller's own.
  if (call.phase !== "up") return place.party.role === "uac" ? "request-pending" : "answer-pending";
  const ours = new Set([place.dialog.id, place.dialog.peer]);
  for (const { method, dialog, purpose } of call.exchanges) {
    if (method !== "INVITE" || dialog === null) continue;
    if (purpose.kind === "relay" && purpose.origin.dialog === place.dialog.id) return "answer-pending";
    if (ours.has(dialog)) return "request-pending";
  }
  if (call.unacked.some(({ dialog, ack }) => ours.has(dialog) || ours.has(ack?.dialog ?? null)))
    return "request-pending";
  return offerPending(place, invite);
}

/** RFC 3311 §5.2, RFC 6337 §2.2: no second offer while one is open. */
export function offerPending({ dialog }: Place, request: SipMessage): FailureCode | null {
  if (dialog.offer === "none" || sdpIn(request) === "") return null;
  return dialog.offer === "sent" ? "request-pending" : "answer-pending";
}

/** A response to a re-INVITE that was passed on. */
export function onReInviteAnswer(turn: Turn, exchange: Exchange, origin: PendingRequest, response: SipMessage): void {
  const { call } = turn;
  const asked = placeOf(call, exchange.dialog);
  const asker = placeOf(call, origin.dialog);
  if (asked !== null && asker === null && response.status >= 200) {
    // The asker is gone: the session it wanted is acknowledged, and somebody else's by now.
    asked.dialog.offer = "none";
    if (response.status < 300) sendAck(turn, asked, exchange.cseq);
    return;
  }
  if (asked === null || asker === null) return;
  const passed = passedResponse(call, response, asked.party.profile, asker.party.profile);
  const { contactHost } = asker.party.profile;
  const body = ownDescription(asker.dialog.origin, response, contactHost);
  if (response.status < 200) {
    answerPending(turn, origin, { ...passed, body });
    return;
  }
  settleOffer({ asked, asker });
  if (response.status >= 300) {
    answerPending(turn, origin, asTold(turn, origin, { ...passed, body }));
    if (endsDialog("INVITE", response.status)) endRejected(turn, asked, response.status);
  } else if (origin.open) acceptAnswer(turn, { exchange, origin, asked, asker, response }, { ...passed, body });
  else dropAnswer(turn, { exchange, origin, asked, asker, response });
}

interface ReInvite {
  readonly exchange: Exchange;
  readonly origin: PendingRequest;
  readonly asked: Place;
  readonly asker: Place;
  readonly response: SipMessage;
}

function acceptAnswer(
  turn: Turn,
  { exchange, origin, asked, asker, response }: ReInvite,
  passed: StoredResponse,
): void {
  learnFromSuccess(turn, exchange, { asked, asker }, response);
  const record = asker.dialog.replaces === null ? [] : takeOver(turn, asker, asked);
  const terms = acceptRefresh(turn, asker, origin);
  const told = { ...passed, headers: [...record, ...passed.headers, ...terms] };
  const offerless = exchange.offered === "" && sdpIn(response) !== "";
  if (offerless) noteOffer(asked.dialog, asker.dialog);
  turn.call.unacked.push({
    transaction: origin.transaction,
    dialog: asker.dialog.id,
    cseq: origin.cseq,
    ack: { dialog: asked.dialog.id, cseq: exchange.cseq },
    offerless,
    response: told,
    request: { ...origin },
  });
  answerPending(turn, origin, told);
}

/** The asker has taken another dialog's place (RFC 3891 §3): that one is ended. Gives the Record-Route lines of the answer that makes the dialog. */
function takeOver(turn: Turn, asker: Place, asked: Place): readonly HeaderLine[] {
  const replaced = placeOf(turn.call, asker.dialog.replaces);
  Object.assign(asker.dialog, { confirmed: true, replaces: null });
  asked.dialog.peer = asker.dialog.id;
  turn.call.facts.transferred = true;
  if (replaced !== null) {
    replaced.dialog.peer = null;
    endDialog(turn, replaced, { headers: reasonsOf("replaced-by-call"), body: "" });
  }
  return asker.dialog.routes.map((route): HeaderLine => ["Record-Route", route]);
}

/** The asker cancelled meanwhile: the 2xx gets its ACK, and the side that accepted is brought back to what the asker has. */
function dropAnswer(turn: Turn, { exchange, asked, asker }: ReInvite): void {
  const offerless = exchange.offered === "";
  sendAck(turn, asked, exchange.cseq, offerless ? sdpPayload(asked, asker) : undefined);
  if (!offerless && turn.call.phase === "up") resync(turn, asked);
}

/** CANCEL crossed the 200 of a re-INVITE: the asker has 487, the other side has the new session. It is acknowledged and brought back. */
export function onReInviteCancelled(turn: Turn, unacked: Unacked): void {
  const { call } = turn;
  call.unacked = call.unacked.filter((waiting) => waiting !== unacked);
  const asker = placeOf(call, unacked.dialog);
  const asked = placeOf(call, unacked.ack?.dialog ?? null);
  if (asker === null || asked === null || unacked.ack === null) return;
  settleOffer({ asked, asker });
  sendAck(turn, asked, unacked.ack.cseq, unacked.offerless ? sdpPayload(asked, asker) : undefined);
  if (!unacked.offerless) resync(turn, asked);
}
