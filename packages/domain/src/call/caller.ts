import type { HeaderLine } from "@tandem/sip";
import { failureEntry, type FailureCode } from "../failure/catalogue.ts";
import { causeFromSipStatus } from "../failure/q850.ts";
import type { PendingRequest } from "./exchange.ts";
import type { WaitingInvite } from "./hunt.ts";
import type { Dialog, Party, StoredResponse } from "./party.ts";
import { beginEnding } from "./ending.ts";
import { q850Line, q850Of } from "./headers/reason.ts";
import { spread, tagOf } from "./identity.ts";
import { answerPending } from "./outgoing.ts";
import { EXPIRY_TIMER, partyOf, reliableTimer, stopTimer, type Place, type Turn } from "./turn.ts";

/** The dialog a caller's INVITE has so far for `peer`, made when there is none: each dialog of the called side has its own towards the caller. */
export function callerDialog(turn: Turn, caller: WaitingInvite, peer: Dialog): Place | null {
  const party = partyOf(turn.call, caller.party);
  if (party === null) return null;
  const known = party.dialogs.find((dialog) => dialog.peer === peer.id);
  if (known !== undefined) return { party, dialog: known };
  party.forks += 1;
  const dialog = newCallerDialog(turn, caller, party);
  dialog.peer = peer.id;
  peer.peer = dialog.id;
  party.dialogs.push(dialog);
  return { party, dialog };
}

/** A dialog of somebody who sent us an INVITE. */
export function newCallerDialog(turn: Turn, caller: WaitingInvite, party: Party): Dialog {
  const id = party.forks <= 1 ? party.id : `${party.id}.${party.forks}`;
  return {
    id,
    remoteTag: caller.remoteTag,
    confirmed: false,
    ended: false,
    peer: null,
    target: caller.target,
    // RFC 3261 §12.1.1: the UAS's route set is the Record-Route in order.
    routes: caller.recordRoute,
    localCseq: 0,
    remoteCseq: caller.cseq,
    allows: caller.allows,
    supports: caller.supports,
    sdp: "",
    offer: caller.offered ? "received" : "none",
    origin: { id: 1 + spread(`${turn.call.id}-${id}`, 0x7fffffff), version: 0, mark: "" },
    timer: null,
    retryAtMs: 0,
    silenceSpared: false,
    lapseSpared: false,
    reliable: null,
    replaces: null,
  };
}

/** Answers the caller's INVITE in one of its dialogs: provisional or 2xx, with Record-Route and our Contact (RFC 3261 §12.1.1). */
export function respondToCaller(turn: Turn, caller: WaitingInvite, place: Place, response: StoredResponse): void {
  const record = caller.recordRoute.map((route): HeaderLine => ["Record-Route", route]);
  const pending = pendingInvite(turn, caller, place.dialog.id);
  answerPending(turn, pending, { ...response, headers: [...record, ...response.headers] });
}

/** The caller's INVITE as a request that waits for an answer in one of its dialogs. */
export function pendingInvite(turn: Turn, caller: WaitingInvite, dialog: string): PendingRequest {
  const { transaction, cseq, from, to } = caller;
  const tagged = `${to};tag=${tagOf(turn.call.id, dialog)}`;
  return { transaction, dialog, method: "INVITE", cseq, from, to: tagged, target: "", timer: null, open: true };
}

/** The final failure response to the caller's INVITE; the call ends. */
export function rejectCaller(turn: Turn, response: StoredResponse, failure: FailureCode): void {
  const { call } = turn;
  if (call.caller !== null) {
    replyToCaller(turn, call.caller, response);
    closeCaller(turn);
  }
  call.hunt = null;
  const endedBy = failureEntry(failure).outcome === "success" ? "callee" : "system";
  beginEnding(turn, { failure, endedBy, q850: q850Of(response.headers) ?? failureEntry(failure).q850 });
}

/** Sends the final failure response to the caller's INVITE. */
export function replyToCaller(turn: Turn, caller: WaitingInvite, response: StoredResponse): void {
  const shown = partyOf(turn.call, caller.party)?.dialogs[0]?.id ?? caller.party;
  answerPending(turn, pendingInvite(turn, caller, shown), withCause(response));
  turn.call.facts.sipCode = response.status;
}

/** RFC 3326: a failure that names no Q.850 cause gets the one that RFC 3398 gives its status. */
function withCause(response: StoredResponse): StoredResponse {
  if (response.status < 300 || q850Of(response.headers) !== null) return response;
  return { ...response, headers: [...response.headers, q850Line(causeFromSipStatus(response.status))] };
}

/** The caller's INVITE has its final response, or the edge gave it: nothing of it waits any more. */
export function closeCaller(turn: Turn): void {
  const { call } = turn;
  const party = call.caller === null ? null : partyOf(call, call.caller.party);
  if (call.caller?.expiresAtMs !== undefined) stopTimer(turn, EXPIRY_TIMER);
  for (const dialog of party?.dialogs ?? []) {
    if (dialog.reliable?.waiting != null) stopTimer(turn, reliableTimer(dialog));
    dialog.reliable = null;
  }
  call.caller = null;
}
