import type { HeaderLine, SipMessage } from "@tandem/sip";
import { canonicalHeaderName } from "@tandem/sip";

/** Headers of an application's message that drachtio-server never sends on: they belong to the transport or to the server. */
const OWN_HEADERS = ["via", "route", "rseq", "record-route", "content-length"];
/** Headers that a dialog or a transaction determines. */
const DIALOG_HEADERS = ["from", "to", "call-id", "cseq"];

/** The header lines of the application that go out as they are. */
export function keptHeaders(message: SipMessage, inDialog: boolean): HeaderLine[] {
  return message.headers.filter(([name]) => {
    const lower = canonicalHeaderName(name).toLowerCase();
    return !OWN_HEADERS.includes(lower) && !(inDialog && DIALOG_HEADERS.includes(lower));
  });
}

/** Value of the first header of that name among the lines. */
export function lineValue(lines: readonly HeaderLine[], name: string): string | undefined {
  const lower = name.toLowerCase();
  return lines.find(([each]) => canonicalHeaderName(each).toLowerCase() === lower)?.[1];
}

/**
 * Content-Type of a body that has none: a session description is recognised, anything else is an error.
 * `lines` gets the header; false when it cannot be told.
 */
export function inferContentType(lines: HeaderLine[], body: string): boolean {
  if (body === "" || lineValue(lines, "Content-Type") !== undefined) return true;
  if (!body.startsWith("v=0")) return false;
  lines.push(["Content-Type", "application/sdp"]);
  return true;
}
