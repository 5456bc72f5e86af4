import type { NewPart, SipMessage } from "@tandem/sip";
import type { NamedPlace } from "./invite-parts.ts";

/** Identifier of a part we add, without brackets; one that stands nowhere in the message, so that a cid names one part only (RFC 2392). */
export function contentIdFor(what: string, message: SipMessage, { host, callId }: NamedPlace): string {
  let local = `${what}-${callId}`;
  while (message.body.includes(`${local}@${host}`)) local += "x";
  return `${local}@${host}`;
}

/** Boundary of a multipart we make, before it is made unlike everything in it. */
export function boundaryFor({ callId }: NamedPlace): string {
  return `tandem-${callId}`;
}

/** A part that a header refers to; a peer that does not know its type passes over it (RFC 5621 §9.1, RFC 7852 §6.4). */
export function partOf(type: string, contentId: string, body: string): NewPart {
  return {
    headers: [
      ["Content-Type", type],
      ["Content-ID", `<${contentId}>`],
      ["Content-Disposition", "by-reference;handling=optional"],
    ],
    body,
  };
}
