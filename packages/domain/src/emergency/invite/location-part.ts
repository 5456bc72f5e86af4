import { addBody, bodyLeaves, withBody, withHeaders, withOnlyBody, type BodyLeaf, type SipMessage } from "@tandem/sip";
import { boundaryFor, contentIdFor, partOf } from "./body-parts.ts";
import type { NamedPlace } from "./invite-parts.ts";

const PIDF_TYPE = "application/pidf+xml";

/** A location of ours, and where its reference goes among those there are. */
export interface AddedLocation {
  readonly pidf: string;
  readonly position: "first" | "last";
}

/** The message with one more location; those it has stay, readable or not (RFC 6442 §4.1, RFC 6881 SP-18, SP-19). */
export function addLocation(message: SipMessage, { pidf, position }: AddedLocation, place: NamedPlace): SipMessage {
  const contentId = contentIdFor("location", message, place);
  const located = addBody(message, partOf(PIDF_TYPE, contentId, pidf), boundaryFor(place));
  // RFC 8787 §2: whoever adds a location says so.
  const value = `<cid:${contentId}>;loc-src=${place.host}`;
  return withHeaders(located, (headers) => {
    if (position === "first" && located.has("Geolocation")) headers.prepend("Geolocation", value);
    else headers.append("Geolocation", value);
  });
}

/** The message without any word of where the caller is. */
export function withoutLocation(message: SipMessage): SipMessage {
  const silent = withHeaders(message, (headers) => {
    headers.remove("Geolocation").remove("Geolocation-Routing");
  });
  return withoutParts(silent, (leaf) => leaf.mediaType === PIDF_TYPE);
}

/** Takes leaves out of a body; a single one that is left needs no multipart around it. */
function withoutParts(message: SipMessage, isOut: (leaf: BodyLeaf) => boolean): SipMessage {
  const leaves = bodyLeaves(message);
  const out = leaves.filter(isOut);
  if (out.length === 0) return message;
  const kept = leaves.filter((leaf) => !isOut(leaf));
  const [only, ...others] = kept;
  if (only === undefined) return withBody(message, "");
  if (others.length === 0) return withOnlyBody(message, only);
  let body = message.body;
  for (const leaf of out.toReversed()) body = cut(body, leaf);
  return withBody(message, body);
}

/** The text without a part and the delimiter line before it (RFC 2046 §5.1.1). */
function cut(text: string, leaf: BodyLeaf): string {
  const delimiter = text.lastIndexOf("\n", leaf.start - 2) + 1;
  const lineEnd = /^\r?\n/.exec(text.slice(leaf.end, leaf.end + 2))?.[0].length ?? 0;
  return text.slice(0, delimiter) + text.slice(leaf.end + lineEnd);
}
