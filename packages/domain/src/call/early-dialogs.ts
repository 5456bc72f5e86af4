import type { SipMessage } from "@tandem/sip";
import type { Hunt, Trying } from "./hunt.ts";
import type { Party, StoredResponse } from "./party.ts";
import { calledDialog, passedResponse } from "./called-dialogs.ts";
import { callerDialog, respondToCaller } from "./caller.ts";
import { ownDescription, sdpIn } from "./headers/description.ts";
import { reliableNumber } from "./headers/reliability.ts";
import {
  acknowledgeProvisional,
  isCrowded,
  isNextReliable,
  sendReliably,
  wantsReliable,
} from "./reliable-provisionals.ts";
import { tellReferrer } from "./transfer-outcome.ts";
import { partyOf, peerOf, removeDialog, stopTimer, type Place, type Turn } from "./turn.ts";

/** The next hop has the INVITE. */
export function noteReached(turn: Turn, trying: Trying): void {
  if (trying.state !== "calling") return;
  if (trying.plan.connectTimeoutMs > 0) stopTimer(turn, `connect:${trying.party ?? ""}`);
  trying.state = "reached";
}

/** A provisional response to the current attempt's INVITE. */
export function onProvisional(turn: Turn, hunt: Hunt, trying: Trying, response: SipMessage): void {
  const party = partyOf(turn.call, trying.party ?? "");
  if (party === null) return;
  noteReached(turn, trying);
  if (response.status === 100) return;
  if (response.status === 199) {
    endEarlyDialog(turn, party, response);
    return;
  }
  noteProgress(turn, hunt, trying, response.status);
  // A fork beyond the limit rings unheard; its answer is taken all the same.
  const dialog = calledDialog(party, response, trying.plan.profile.maxEarlyDialogs);
  if (dialog === null) return;
  const rseq = reliableNumber(response);
  if (rseq !== null && !isNextReliable(dialog, rseq)) return;
  if (hunt.goal === "setup") relayProvisional(turn, { party, dialog }, response, rseq);
  else {
    if (rseq !== null) acknowledgeProvisional(turn, { party, dialog }, rseq);
    tellReferrer(turn, response.status, response.reason);
  }
}

/** The first 18x: the progress timer is off, and no other trunk is tried any more (no double ringing). */
function noteProgress(turn: Turn, hunt: Hunt, trying: Trying, status: number): void {
  const { call, cameMs } = turn;
  const facts = call.attempts[trying.attempt];
  if (trying.state !== "progress") {
    if (trying.plan.progressTimeoutMs > 0) stopTimer(turn, `progress:${trying.party ?? ""}`);
    trying.state = "progress";
  }
  hunt.progressed = true;
  if (facts !== undefined && facts.ringMs === 0) {
    facts.ringMs = cameMs;
    const observation = { kind: "ringing", trunk: facts.trunk, afterMs: cameMs - trying.sentMs } as const;
    turn.effects.push({ kind: "observe", observation });
  }
  if (hunt.goal === "setup" && call.facts.ringMs === 0 && status >= 180) call.facts.ringMs = cameMs;
}

function relayProvisional(turn: Turn, called: Place, response: SipMessage, rseq: number | null): void {
  const { caller } = turn.call;
  const place = caller === null ? null : callerDialog(turn, caller, called.dialog);
  if (caller === null || place === null || isCrowded(place.dialog)) return;
  const passed = passedResponse(turn.call, response, called.party.profile, place.party.profile);
  const told = describedFor(place, response, passed);
  const sdp = sdpIn(response);
  if (rseq !== null) takeReliable(called, rseq, sdp);
  if (wantsReliable(caller, place.party.profile, rseq !== null)) {
    const rack = rseq === null ? null : `${rseq} ${called.party.inviteCseq} INVITE`;
    if (sdp !== "") place.dialog.offer = place.dialog.offer === "received" ? "none" : "sent";
    sendReliably(turn, caller, place, { response: told, rack, hasDescription: sdp !== "" });
    return;
  }
  if (rseq !== null) acknowledgeProvisional(turn, called, rseq);
  respondToCaller(turn, caller, place, told);
}

/** A description in a reliable response is the answer to our offer, or the first offer (RFC 3262 §5); in others it only announces one. */
function takeReliable({ dialog }: Place, rseq: number, sdp: string): void {
  dialog.reliable = { taken: rseq, sent: 0, waiting: null, queue: [] };
  if (sdp === "") return;
  dialog.offer = dialog.offer === "sent" ? "none" : "received";
  dialog.sdp = sdp;
}

/** The response with our own SDP origin in its body. */
function describedFor(place: Place, response: SipMessage, passed: StoredResponse): StoredResponse {
  const { dialog, party } = place;
  return { ...passed, body: ownDescription(dialog.origin, response, party.profile.contactHost) };
}

/** RFC 6228: one fork of ours is over; what the caller saw of it is no dialog any more. */
function endEarlyDialog(turn: Turn, party: Party, response: SipMessage): void {
  const dialog = calledDialog(party, response, 0);
  if (dialog === null) return;
  const other = peerOf(turn.call, { party, dialog });
  if (other !== null) removeDialog(turn, other);
  removeDialog(turn, { party, dialog });
}
