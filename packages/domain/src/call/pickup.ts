import { mediaCodecs, parseSdp, type HeaderLine, type Sdp } from "@tandem/sip";
import type { FailureCode } from "../failure/catalogue.ts";
import { giveAnswer } from "./answer.ts";
import { abandon } from "./attempt-end.ts";
import { callerDialog, newCallerDialog, pendingInvite, respondToCaller } from "./caller.ts";
import type { CallEvent } from "./event.ts";
import type { Hunt, Trying, WaitingInvite } from "./hunt.ts";
import { bodyMessage, ownDescription, SDP_TYPE, sdpIn } from "./headers/description.ts";
import { reasonsOf } from "./headers/reason.ts";
import type { StoredResponse } from "./party.ts";
import { acceptTimer } from "./session-timer.ts";
import { callerParty, waitingInvite } from "./setup.ts";
import { peerOf, type Place, type Turn } from "./turn.ts";

/** A setup with somebody who rings. */
interface Ringing {
  readonly hunt: Hunt;
  readonly trying: Trying;
  readonly caller: WaitingInvite;
}

/** The setup whose ringing a dialog is, if we began it: only such an early dialog may be replaced (RFC 3891 §3). */
export function ringingBy({ call }: Turn, { party, dialog }: Place): Ringing | null {
  const { hunt, caller } = call;
  const trying = hunt?.current ?? null;
  if (call.phase !== "setup" || hunt?.goal !== "setup" || trying === null || caller === null) return null;
  return party.role === "uac" && !dialog.confirmed && trying.party === party.id ? { hunt, trying, caller } : null;
}

/**
 * Somebody picks up what rings elsewhere (RFC 3891 §3, §7.1): the caller is answered with the newcomer's description, the newcomer with the caller's, and the
 * INVITE that rings is cancelled. The two offers can be each other's answer only where they have the same media sections with a common codec in each
 * (RFC 3264 §6); else, and where one of the two sent no offer, the newcomer gets 488 and it rings on. Null: done.
 */
export function pickUp(
  turn: Turn,
  { hunt, trying, caller }: Ringing,
  { event, replaced }: { readonly event: Extract<CallEvent, { kind: "replacing-invite" }>; readonly replaced: Place },
): FailureCode | null {
  const { call } = turn;
  const wanted = sdpIn(bodyMessage(hunt.request.contentType, hunt.request.body));
  const offered = sdpIn(event.request);
  const shown = peerOf(call, replaced);
  const isAnswered = shown !== null && shown.dialog.offer !== "received";
  if (isAnswered || !isAnswerTo(offered, wanted)) return "media-not-acceptable";
  call.partySerial += 1;
  const party = callerParty(event.request, event.profile, `${hunt.leg}${call.partySerial}`);
  const invite = waitingInvite(event.transaction, event.request, party.id);
  const dialog = newCallerDialog(turn, invite, party);
  Object.assign(dialog, { confirmed: true, sdp: offered, offer: "none" });
  party.dialogs.push(dialog);
  call.parties.push(party);
  const failure = "answered-elsewhere";
  abandon(turn, trying, { failure, sipCode: 0, q850: null, headers: reasonsOf(failure) });
  call.hunt = null;
  // A dialog of its own: to the caller it is as if a fork had answered.
  const place = callerDialog(turn, caller, dialog);
  if (place === null) return "internal-error";
  place.dialog.sdp = wanted;
  giveAnswer(turn, caller, { dialog: dialog.id, contentType: SDP_TYPE, response: okWith(offered) });
  answerNewcomer(turn, { party, dialog }, { invite, wanted });
  call.facts.transferred = true;
  return null;
}

function okWith(body: string, headers: readonly HeaderLine[] = []): StoredResponse {
  return { status: 200, reason: "OK", headers: [["Content-Type", SDP_TYPE], ...headers], body };
}

function answerNewcomer(
  turn: Turn,
  place: Place,
  { invite, wanted }: { readonly invite: WaitingInvite; readonly wanted: string },
): void {
  const { party, dialog } = place;
  const terms = invite.timer === null ? null : acceptTimer(invite.timer, party.profile.sessionTimer, null, turn.now);
  if (terms !== null) dialog.timer = terms.timer;
  const body = ownDescription(dialog.origin, bodyMessage(SDP_TYPE, wanted), party.profile.contactHost);
  const response = okWith(body, terms?.headers);
  turn.call.unacked.push({
    transaction: invite.transaction,
    dialog: dialog.id,
    cseq: invite.cseq,
    ack: null,
    offerless: false,
    response,
    request: pendingInvite(turn, invite, dialog.id),
  });
  respondToCaller(turn, invite, place, response);
}

function isAnswerTo(one: string, other: string): boolean {
  const [left, right] = [parseSdp(one), parseSdp(other)];
  if (left === undefined || right === undefined || left.media.length !== right.media.length) return false;
  return left.media.every((_, at) => sharesMedia(left, right, at));
}

function sharesMedia(one: Sdp, other: Sdp, at: number): boolean {
  const [left, right] = [one.media[at], other.media[at]];
  if (left === undefined || right === undefined) return false;
  if (left.kind !== right.kind || left.protocol !== right.protocol) return false;
  const known = new Set(mediaCodecs(right).map(({ name, clockRate }) => `${name.toLowerCase()}/${clockRate}`));
  return mediaCodecs(left).some(({ name, clockRate }) => known.has(`${name.toLowerCase()}/${clockRate}`));
}
