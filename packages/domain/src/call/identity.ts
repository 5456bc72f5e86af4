import type { LegName } from "./event.ts";

/** `a`, `b1`, `b2`, `a3`: leg name and, for parties we called, a serial number. */
export type PartyId = string;

/** The party's id, plus `.2`, `.3`… for further dialogs of the same INVITE (forks). */
export type DialogId = string;

/** What our tag says: whose call, and which of its dialogs. */
export interface OurTag {
  readonly callId: string;
  readonly leg: LegName;
  readonly party: PartyId;
  readonly dialog: DialogId;
}

const OUR_TAG = /^([a-z0-9]{8,40})-((a|b)\d{0,6})(\.\d{1,3})?$/;

/** Our tag in a dialog: `<callId>-a`, `<callId>-b1`; a further dialog of the same INVITE has a suffix (`-a.2`). */
export function tagOf(callId: string, id: DialogId): string {
  return `${callId}-${id}`;
}

/** Reads a tag we made; null when it is somebody else's. */
export function parseOurTag(tag: string): OurTag | null {
  const found = OUR_TAG.exec(tag);
  if (found === null) return null;
  const [, callId, party, leg, fork] = found;
  if (callId === undefined || party === undefined) return null;
  return { callId, leg: leg === "a" ? "a" : "b", party, dialog: `${party}${fork ?? ""}` };
}

/** Call-ID of a party we call: starts with the call id, so that a call is found from it too. */
export function sipCallIdOf(callId: string, party: PartyId): string {
  return `${callId}-${party}`;
}

/** A number in 0…`below` - 1 that depends only on the text: the machine's stand-in for chance. */
export function spread(text: string, below: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % below;
}
