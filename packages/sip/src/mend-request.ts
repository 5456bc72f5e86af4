import { parseNameAddr } from "./address/name-addr.ts";
import { parseUri } from "./address/uri.ts";
import { withHeaders, withUri } from "./edit-message.ts";
import type { SipMessage } from "./message.ts";
import { readTag } from "./values/tag.ts";

/** Stands for an address that names nobody (RFC 3261 §8.1.1.3, RFC 3323 §4.1.1.3). */
const NOBODY = "sip:anonymous@anonymous.invalid";

/** Stands for a host that cannot be read (RFC 2606 §2): whom it is for is what the user part says. */
const NOWHERE = "host.invalid";

/**
 * The request with what can be read of a Request-URI, From and To that break the grammar: without empty parameters, an empty port, brackets and headers in the
 * Request-URI, with a substitute for a host that is none, without a display name that nobody can tell the end of, and with a substitute for an address that is none (NENA-STA-010.3 has a malformed
 * emergency call logged, not dropped). Tags stay. The same message when nothing is to be mended; a part that cannot be mended stays as it is.
 */
export function mendRequest(request: SipMessage): SipMessage {
  const uri = parseUri(request.uri) === undefined || request.uri.includes("?") ? mendedUri(request.uri) : request.uri;
  const located = uri === request.uri ? request : withUri(request, uri);
  const from = mendedAddress(request.get("From"), NOBODY);
  const to = mendedAddress(request.get("To"), parseUri(uri) === undefined ? NOBODY : uri);
  if (from === null && to === null) return located;
  return withHeaders(located, (headers) => {
    if (from !== null) headers.replaceFirst("From", from);
    if (to !== null) headers.replaceFirst("To", to);
  });
}

/** RFC 3261 §19.1.1: a port has digits, a parameter has a name, and a Request-URI no headers; §25.1: no brackets. */
function mendedUri(written: string): string {
  const text = /^<([^<>]*)>/.exec(written)?.[1] ?? written;
  const start = text.indexOf("@") < 0 ? text.indexOf(":") + 1 : text.indexOf("@") + 1;
  const rest = text
    .slice(start)
    .replace(/\?.*$/, "")
    .replaceAll(/;(?:=[^;]*)?(?=;|$)/g, "")
    .replace(/^([^;]*):(?=;|$)/, "$1");
  const mended = text.slice(0, start) + rest;
  if (parseUri(mended) !== undefined) return mended;
  const elsewhere = `${text.slice(0, start)}${NOWHERE}`;
  return text.includes("@") && parseUri(elsewhere) !== undefined ? elsewhere : written;
}

/** Null: it is not there, or can be read as it is. */
function mendedAddress(value: string | undefined, substitute: string): string | null {
  if (value === undefined || parseNameAddr(value) !== undefined) return null;
  const written = /<([^<>]*)>/.exec(value)?.[1]?.trim() ?? /(?:sips?|tel|urn):[^\s<>",;?]+/i.exec(value)?.[0] ?? "";
  const whole = mendedUri(written);
  const tag = readTag(value);
  return `<${parseUri(whole) === undefined ? substitute : whole}>${tag === undefined ? "" : `;tag=${tag}`}`;
}
