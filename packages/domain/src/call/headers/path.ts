import { headerValues, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { LegProfile } from "../leg-profile.ts";
import { spread } from "../identity.ts";
import { numberOf } from "./values.ts";

/**
 * Loop detection that outlives a back-to-back user agent, where Via and Call-ID begin anew: each INVITE of ours carries the marks of the places it
 * passed. A mark says nothing to others: it is a hash of our address there, the ingress trunk and the Request-URI user. One that comes back is a loop (RFC 3261 §16.3 item 4
 * in spirit: same place, same target); a call that returns with another target is a spiral and goes on.
 */
const PATH_HEADER = "Tandem-Path";

/** More marks than any sane path has. */
const MAX_MARKS = 20;

/** The marks an INVITE brought. */
export function pathOf(invite: SipMessage): readonly string[] {
  return headerValues(invite, PATH_HEADER);
}

/** The address tells this cluster from another one, whose trunks may have the same names: clusters that pass calls on to each other are no loop. */
export function pathMark({ contactHost, trunk }: Pick<LegProfile, "contactHost" | "trunk">, uri: string): string {
  return spread(`${contactHost} ${trunk} ${numberOf(uri)}`, 0xffffffff).toString(36);
}

/** True when the INVITE was here before with the same target. */
export function isLoop(invite: SipMessage, mark: string): boolean {
  const path = pathOf(invite);
  return path.length >= MAX_MARKS || path.includes(mark);
}

export function pathLine(marks: readonly string[]): HeaderLine {
  return [PATH_HEADER, marks.join(", ")];
}
