import { CHAR, codeAt, isBlank, trimBlanks } from "../characters.ts";
import type { SipMessage } from "../message.ts";
import { quotedEnd } from "../values/cursor.ts";
import { headerValues } from "../values/list.ts";
import { formatParameters, parseParameters, type ParameterList } from "../values/parameters.ts";
import { quote, unquote } from "../values/quoted-string.ts";

/** An address with header parameters: From, To, Contact, Route, Refer-To, P-Asserted-Identity, Geolocation, Call-Info, … */
export interface NameAddr {
  /** Unquoted and unescaped; undefined when there is none. */
  readonly displayName: string | undefined;
  /** As written; `parseUri` reads it. */
  readonly uri: string;
  /** The header's parameters (`tag`, `expires`, `q`, …), not the URI's. */
  readonly params: ParameterList;
}

/**
 * Reads a name-addr or addr-spec with its parameters (RFC 3261 §20.10). Forgiving: a display name without quotes may hold any character but `"`
 * and `<`, and blanks inside the angle brackets are dropped (RFC 4475 §3.1.2.14, §3.1.2.15 allow both). Undefined when a quoted string or
 * bracket does not close, the URI is empty, or a URI without brackets holds `?` or `,` (§20: such a URI must be in brackets).
 */
export function parseNameAddr(value: string): NameAddr | undefined {
  const text = trimBlanks(value);
  if (codeAt(text, 0) === CHAR.quote) {
    const end = quotedEnd(text, 0);
    if (end < 0) return undefined;
    const open = skipBlanks(text, end);
    if (codeAt(text, open) !== CHAR.less) return undefined;
    return bracketed(text, open, unquote(text.slice(0, end)));
  }
  const open = text.indexOf("<");
  const semicolon = text.indexOf(";");
  if (open < 0 || (semicolon >= 0 && semicolon < open)) return bare(text, semicolon);
  const name = trimBlanks(text, 0, open);
  return name.includes('"') ? undefined : bracketed(text, open, name === "" ? undefined : name);
}

/** The address as text, always with angle brackets; the display name quoted. */
export function formatNameAddr(address: NameAddr): string {
  const name = address.displayName === undefined ? "" : `${quote(address.displayName)} `;
  return `${name}<${address.uri}>${formatParameters(address.params)}`;
}

/** Every address of a list header (Contact, Route, Record-Route, P-Asserted-Identity, …), unreadable ones left out; `*` is not an address. */
export function headerAddresses(message: SipMessage, name: string): readonly NameAddr[] {
  const addresses: NameAddr[] = [];
  for (const value of headerValues(message, name)) {
    const address = parseNameAddr(value);
    if (address !== undefined && address.uri !== "*") addresses.push(address);
  }
  return addresses;
}

function bracketed(text: string, open: number, displayName: string | undefined): NameAddr | undefined {
  const close = text.indexOf(">", open);
  if (close < 0) return undefined;
  const uri = trimBlanks(text, open + 1, close);
  const params = parseParameters(text, close + 1);
  if (uri === "" || params === undefined) return undefined;
  return { displayName, uri, params };
}

/** An addr-spec: what follows `;` belongs to the header, not to the URI (RFC 3261 §20.10). */
function bare(text: string, semicolon: number): NameAddr | undefined {
  const uri = trimBlanks(text, 0, semicolon < 0 ? text.length : semicolon);
  if (uri === "" || /[?, \t"<>]/.test(uri)) return undefined;
  const params = semicolon < 0 ? [] : parseParameters(text, semicolon);
  return params === undefined ? undefined : { displayName: undefined, uri, params };
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(codeAt(text, at))) at++;
  return at;
}
