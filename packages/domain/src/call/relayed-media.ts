import { readTag, type SipMessage } from "@tandem/sip";
import type { Call } from "./call.ts";
import { parseOurTag, type PartyId } from "./identity.ts";
import { partyIdOf, partyOf } from "./turn.ts";

/** Between whom a description passes: whose it is, and who gets it. */
export interface MediaWay {
  readonly from: PartyId;
  readonly to: PartyId;
}

/** Between which parties of the call a message of ours passes; null when it is between none. */
export function mediaWay(call: Call, message: SipMessage): MediaWay | null {
  const request = message.kind === "request";
  const ours = parseOurTag(readTag(message.get(request ? "From" : "To") ?? "") ?? "");
  const party = ours === null ? null : partyOf(call, ours.party);
  if (ours === null || party === null) return null;
  const theirs = readTag(message.get(request ? "To" : "From") ?? "") ?? "";
  const dialog =
    party.role === "uac"
      ? party.dialogs.find(({ remoteTag }) => remoteTag === theirs)
      : party.dialogs.find(({ id }) => id === ours.dialog);
  const peer = dialog?.peer ?? call.caller?.party ?? call.transfer?.kept ?? null;
  return peer === null || partyIdOf(peer) === party.id ? null : { from: partyIdOf(peer), to: party.id };
}

/** The two who talk: the caller, and who answered. Null when they do not (any more). */
export function talkers(call: Call): MediaWay | null {
  const caller = call.parties
    .flatMap(({ dialogs }) => dialogs)
    .find(({ id, peer }) => id.startsWith("a") && peer !== null);
  return caller?.peer == null ? null : { from: partyIdOf(caller.id), to: partyIdOf(caller.peer) };
}
