import { parseReplaces, responseTo } from "@tandem/sip";
import { failureEntry, type FailureCode } from "../failure/catalogue.ts";
import { emergencyCaller } from "./emergency-transfer.ts";
import type { Call } from "./call.ts";
import type { Dialog } from "./party.ts";
import { newCallerDialog } from "./caller.ts";
import type { CallEvent } from "./event.ts";
import { parseOurTag, tagOf } from "./identity.ts";
import { localTagOf } from "./outgoing.ts";
import { pickUp, ringingBy } from "./pickup.ts";
import { onReInvite } from "./re-invite.ts";
import { callerParty, waitingInvite } from "./setup.ts";
import { peerOf, type Place, type Turn } from "./turn.ts";

/** The call whose dialog a Replaces value names (RFC 3891 §3), or null when it is none of ours. */
export function replacedCall(value: string): string | null {
  const replaces = parseReplaces(value);
  if (replaces === undefined) return null;
  // Our tag is to-tag in what the peer sends; a peer that names the dialog from its own side writes it as from-tag.
  const ours = parseOurTag(replaces.toTag) ?? parseOurTag(replaces.fromTag);
  return ours?.callId ?? null;
}

type ReplacingInvite = Extract<CallEvent, { kind: "replacing-invite" }>;

/**
 * An INVITE that takes the place of one of our dialogs (RFC 3891). Its sender becomes a new party on that leg; its offer goes to the side that
 * stays by re-INVITE, whose answer is the answer here. When that succeeds the replaced dialog gets its BYE.
 */
export function onReplacingInvite(turn: Turn, event: ReplacingInvite): void {
  const { call } = turn;
  const replaced = namedDialog(call, event.request.get("Replaces") ?? "");
  const ringing = replaced === null ? null : ringingBy(turn, replaced);
  if (replaced !== null && ringing !== null) {
    const refusal = pickUp(turn, ringing, { event, replaced });
    if (refusal !== null) refuse(turn, event, refusal);
    return;
  }
  const kept = replaced === null ? null : peerOf(call, replaced);
  const failure = whyNot(call, replaced, kept, event);
  if (failure !== null || replaced === null || kept === null) {
    refuse(turn, event, failure ?? "replaced-call-gone");
    return;
  }
  call.partySerial += 1;
  const party = callerParty(event.request, event.profile, `${replaced.party.leg}${call.partySerial}`);
  const dialog = newCallerDialog(turn, waitingInvite(event.transaction, event.request, party.id), party);
  Object.assign(dialog, {
    peer: kept.dialog.id,
    replaces: replaced.dialog.id,
    offer: "none",
  } satisfies Partial<Dialog>);
  party.dialogs.push(dialog);
  call.parties.push(party);
  onReInvite(turn, { party, dialog }, { transaction: event.transaction, message: event.request });
}

/** The dialog a Replaces value names, seen from the peer: Call-ID and our tag must fit, and the other tag, where `0` fits a missing one. */
export function namedDialog(call: Call, value: string): Place | null {
  const named = parseReplaces(value);
  if (named === undefined) return null;
  for (const party of call.parties) {
    for (const dialog of party.dialogs) {
      const ours = localTagOf(call, party, dialog);
      const theirs = dialog.remoteTag === "" ? "0" : dialog.remoteTag;
      if (party.sipCallId === named.callId && ours === named.toTag && theirs === named.fromTag)
        return { party, dialog };
    }
  }
  return null;
}

/** RFC 3891 §3. An early dialog that the peer began is never replaced: 481. */
function whyNot(call: Call, replaced: Place | null, kept: Place | null, event: ReplacingInvite): FailureCode | null {
  if (call.phase === "ending" || call.phase === "over") return "replaced-call-declined";
  if (replaced === null || kept === null || call.phase !== "up" || !replaced.dialog.confirmed)
    return "replaced-call-gone";
  if (parseReplaces(event.request.get("Replaces") ?? "")?.earlyOnly === true) return "busy";
  // RFC 6881 SP-37, SP-38: nobody takes the caller's place in an emergency call.
  if (replaced.party.leg === emergencyCaller(call)) return "feature-refused";
  return call.transfer === null ? null : "request-pending";
}

function refuse(turn: Turn, { transaction, request }: ReplacingInvite, failure: FailureCode): void {
  const { sip, sipReason } = failureEntry(failure);
  const response = responseTo(request, sip, { reason: sipReason, toTag: tagOf(turn.call.id, "a") });
  turn.effects.push({ kind: "respond", leg: "a", transaction, response });
}
