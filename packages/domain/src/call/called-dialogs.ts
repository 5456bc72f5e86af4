import { headerValues, readTag, type SipMessage } from "@tandem/sip";
import type { Call } from "./call.ts";
import { emergencyCaller } from "./emergency-transfer.ts";
import type { Dialog, Party, StoredResponse } from "./party.ts";
import { hostsOfSender } from "./headers/hidden-hosts.ts";
import { passingHeaders } from "./headers/passing.ts";
import { SETTLED_OPTIONS } from "./headers/reliability.ts";
import { addressOf, firstUri } from "./headers/values.ts";
import type { LegProfile } from "./leg-profile.ts";

/** Methods and options of a peer that we ask for later; the rest of its lists is not kept. */
const ASKED_METHODS: readonly string[] = ["UPDATE", "REFER"];
const ASKED_OPTIONS: readonly string[] = ["replaces"];

/** The dialog a response to an INVITE of ours belongs to (RFC 3261 §12.1.2), known or new. Null when `limit` dialogs are there already. */
export function calledDialog(party: Party, response: SipMessage, limit: number): Dialog | null {
  const tag = readTag(response.get("To") ?? "") ?? "";
  const known = party.dialogs.find(({ remoteTag }) => remoteTag === tag || remoteTag === "");
  if (known !== undefined) {
    known.remoteTag = tag;
    learnFrom(known, response);
    return known;
  }
  if (party.dialogs.length >= limit) return null;
  party.forks += 1;
  const dialog = newCalledDialog(party, tag);
  learnFrom(dialog, response);
  party.dialogs.push(dialog);
  return dialog;
}

function newCalledDialog(party: Party, remoteTag: string): Dialog {
  return {
    id: party.forks === 1 ? party.id : `${party.id}.${party.forks}`,
    remoteTag,
    confirmed: false,
    ended: false,
    peer: null,
    target: addressOf(party.remote).uri,
    routes: [],
    localCseq: Math.max(party.inviteCseq, party.usedCseq),
    remoteCseq: 0,
    allows: "",
    supports: "",
    sdp: "",
    offer: party.origin.mark === "" ? "none" : "sent",
    origin: { ...party.origin },
    timer: null,
    retryAtMs: 0,
    silenceSpared: false,
    lapseSpared: false,
    reliable: null,
    replaces: null,
  };
}

/** Takes remote target, route set and abilities from a response; the route set of a confirmed dialog never changes (RFC 3261 §12.2.1.2). */
function learnFrom(dialog: Dialog, response: SipMessage): void {
  dialog.target = firstUri(response, "Contact") ?? dialog.target;
  // RFC 3261 §12.1.2: the UAC's route set is the Record-Route in reverse order.
  if (!dialog.confirmed) dialog.routes = [...headerValues(response, "Record-Route")].reverse();
  learnAbilities(dialog, response);
}

export function learnAbilities(dialog: Dialog, message: SipMessage): void {
  if (message.has("Allow")) dialog.allows = allowsOf(message);
  if (message.has("Supported")) dialog.supports = supportsOf(message);
}

export function allowsOf(message: SipMessage): string {
  const methods = headerValues(message, "Allow");
  return ASKED_METHODS.filter((method) => methods.includes(method)).join(",");
}

export function supportsOf(message: SipMessage): string {
  const options = headerValues(message, "Supported").map((tag) => tag.toLowerCase());
  return ASKED_OPTIONS.filter((option) => options.includes(option)).join(",");
}

/** Whether a location of ours went out with the call. */
function locationIsOurs({ facts }: Call): boolean {
  const kind = facts.emergency?.location.kind;
  return kind === "lis" || kind === "site-default";
}

/** A response of one leg as it goes to the other: headers that pass; the body still has the sender's SDP origin. */
export function passedResponse(call: Call, response: SipMessage, from: LegProfile, to: LegProfile): StoredResponse {
  const headers = passingHeaders(response.headers, {
    to,
    hidden: () => hostsOfSender(response, [from.contactHost, from.peerHost]),
    emergency: emergencyCaller(call) !== null,
    suppressIdentity: false,
    locationIsOurs: locationIsOurs(call),
    settled: SETTLED_OPTIONS,
  });
  return { status: response.status, reason: response.reason, headers, body: response.body };
}
