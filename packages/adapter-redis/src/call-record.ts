import type { StoredCall } from "@tandem/call-control";

/**
 * A record is one string, `<version>\n<trunks>\n<document>`: the head is what the scripts compare and count by, the document is opaque.
 * A string costs Redis less memory and time than a hash of three fields, and its life is set in the same command.
 * Version 0 marks a call that is over; it stays for a while so that a late duplicate does not start the call again. In place of the document it has what is left to know of the call.
 */
const TRUNK_SEPARATOR = "\u001F";

/** Trunk names as the record's head carries them. Topology names hold no control characters. */
export function joinTrunks(trunks: readonly string[]): string {
  return trunks.join(TRUNK_SEPARATOR);
}

export function formatRecord(version: number, joinedTrunks: string, document: string): string {
  return `${String(version)}\n${joinedTrunks}\n${document}`;
}

/** Null for an absent record and for one that is over. */
export function parseRecord(callId: string, text: string | null): StoredCall | null {
  if (text === null) return null;
  const first = text.indexOf("\n");
  const second = text.indexOf("\n", first + 1);
  const version = Number(text.slice(0, first));
  if (first < 0 || second < 0 || !(version > 0)) return null;
  return { callId, version, document: text.slice(second + 1) };
}

/** What is left to know of a call that is over; empty for any other. */
export function parseLastByes(text: string | null): string {
  const mark = formatRecord(0, "", "");
  return text?.startsWith(mark) === true ? text.slice(mark.length) : "";
}
