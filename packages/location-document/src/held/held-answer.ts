import { err, ok, xmlText, type PidfLocation, type Result } from "@tandem/domain";
import { pidfIn } from "../read-pidf.ts";
import { elementsNamed, textOf, xmlRoot } from "../xml-document.ts";

/** Error codes of RFC 5985 §6.3 and RFC 6155 §6.2 that this server gives. */
export type HeldErrorCode =
  | "requestError"
  | "xmlError"
  | "generalLisError"
  | "locationUnknown"
  | "unsupportedMessage"
  | "cannotProvideLiType"
  | "badIdentifier";

export interface HeldError {
  readonly code: HeldErrorCode;
  /** For people; English, without personal data. */
  readonly message: string;
}

const HELD = "urn:ietf:params:xml:ns:geopriv:held";

/** Media type of requests and answers. */
export const HELD_TYPE = "application/held+xml";

/** A `locationResponse` (RFC 5985 §6.2) with a location document. */
export function composeHeldResponse(pidf: string): string {
  const presence = pidf.replace(/^<\?xml[^>]*\?>\s*/, "").trimEnd();
  return `<?xml version="1.0" encoding="UTF-8"?>\r\n<locationResponse xmlns="${HELD}">${presence}</locationResponse>\r\n`;
}

/** An `error` (RFC 5985 §6.3). */
export function composeHeldError({ code, message }: HeldError): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\r\n',
    `<error xmlns="${HELD}" code="${code}"><message xml:lang="en">${xmlText(message)}</message></error>\r\n`,
  ].join("");
}

/** Reads an answer as it came: a location, null when the server knows none, or what is wrong with the answer. */
export function readHeldAnswer(octets: string): Result<PidfLocation | null, string> {
  const root = xmlRoot(octets);
  if (root === null) return err("the answer is not well-formed XML");
  if (root.localName === "error") {
    const code = root.getAttribute("code") ?? "";
    return code === "locationUnknown" || code === "notLocatable" ? ok(null) : err(`error ${code.slice(0, 40)}`);
  }
  const location = pidfIn(root);
  if (location !== null) return ok(location);
  const onlyReferences = textOf(elementsNamed(root, "locationURI")[0]) !== "";
  return err(onlyReferences ? "the answer holds only references" : "the answer holds no location");
}
