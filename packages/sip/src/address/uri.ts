import { CHAR, codeAt, isDigits, readDecimal } from "../characters.ts";
import { getParameter, type Parameter, type ParameterList } from "../values/parameters.ts";
import { decodeEscapes } from "./escape.ts";
import { readHost } from "./host.ts";

/** A `sip:` or `sips:` URI (RFC 3261 §19.1). Every part is as written, escapes included. */
export interface SipUri {
  readonly kind: "sip";
  readonly scheme: "sip" | "sips";
  /** With its own parameters (`+15551234;phone-context=…`); undefined when there is no `@`. */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** IPv6 in brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: ParameterList;
  /** What follows `?`. */
  readonly headers: ParameterList;
}

/** A `tel:` URI (RFC 3966). */
export interface TelUri {
  readonly kind: "tel";
  /** As written: a leading `+` makes it global; may hold visual separators. */
  readonly number: string;
  readonly params: ParameterList;
}

/** A `urn:` URI such as `urn:service:sos.fire` (RFC 8141, RFC 5031). */
export interface UrnUri {
  readonly kind: "urn";
  /** Lower case. */
  readonly namespace: string;
  readonly specific: string;
}

/** Any other absolute URI. */
export interface OtherUri {
  readonly kind: "other";
  /** Lower case. */
  readonly scheme: string;
  readonly rest: string;
}

export type Uri = SipUri | TelUri | UrnUri | OtherUri;

/** Reads a URI; undefined when it is malformed. Forgiving where nothing is ambiguous: any visible character passes in the user part. */
export function parseUri(text: string): Uri | undefined {
  const colon = text.indexOf(":");
  if (colon < 1 || !isClean(text)) return undefined;
  const scheme = text.slice(0, colon).toLowerCase();
  switch (scheme) {
    case "sip":
    case "sips":
      return parseSip(text, scheme);
    case "tel":
      return parseTel(text.slice(colon + 1));
    case "urn":
      return parseUrn(text.slice(colon + 1));
    default:
      return parseOther(scheme, text.slice(colon + 1));
  }
}

/** The URI as a SIP URI; undefined for anything else. */
export function parseSipUri(text: string): SipUri | undefined {
  const uri = parseUri(text);
  return uri?.kind === "sip" ? uri : undefined;
}

/** The URI as text. A URI that was read and not changed comes back as written, but for the case of scheme and URN namespace. */
export function formatUri(uri: Uri): string {
  switch (uri.kind) {
    case "sip":
      return formatSip(uri);
    case "tel":
      return `tel:${uri.number}${formatPairs(uri.params, ";", ";")}`;
    case "urn":
      return `urn:${uri.namespace}:${uri.specific}`;
    case "other":
      return `${uri.scheme}:${uri.rest}`;
  }
}

/** The parts of a SIP URI's user: the name, unescaped, and the parameters before the `@` (RFC 3261 §19.1.6). */
export function userParts(user: string): { readonly name: string; readonly params: ParameterList } {
  const semicolon = user.indexOf(";");
  if (semicolon < 0) return { name: decodeEscapes(user), params: [] };
  return { name: decodeEscapes(user.slice(0, semicolon)), params: readPairs(user.slice(semicolon + 1), ";") ?? [] };
}

/** Value of an embedded header (`?Replaces=…`), unescaped; undefined when it is not there. */
export function uriHeader(uri: Uri, name: string): string | undefined {
  if (uri.kind !== "sip") return undefined;
  const lower = name.toLowerCase();
  const found = uri.headers.find((each) => decodeEscapes(each[0]).toLowerCase() === lower);
  return found?.[1] === undefined ? undefined : decodeEscapes(found[1]);
}

/** `transport` of a SIP URI in lower case; undefined when it has none. */
export function uriTransport(uri: SipUri): string | undefined {
  return getParameter(uri.params, "transport")?.toLowerCase();
}

/** No control characters, blanks, quotes or angle brackets: nothing that would end the URI where it is written. */
function isClean(text: string): boolean {
  const { length } = text;
  for (let at = 0; at < length; at++) {
    const code = codeAt(text, at);
    if (code <= CHAR.space || code === 127) return false;
    if (code === CHAR.less || code === CHAR.greater || code === CHAR.quote) return false;
  }
  return true;
}

function parseSip(text: string, scheme: "sip" | "sips"): SipUri | undefined {
  const start = scheme.length + 1;
  // RFC 3261 §25.1: `@` stands nowhere else unescaped, so the first one ends the user part.
  const mark = text.indexOf("@", start);
  const info = mark < 0 ? undefined : text.slice(start, mark);
  const host = readHost(text, mark < 0 ? start : mark + 1);
  if (host === undefined || info === "") return undefined;
  const afterHost = (mark < 0 ? start : mark + 1) + host.length;
  const question = text.indexOf("?", afterHost);
  const paramsEnd = question < 0 ? text.length : question;
  let semicolon = text.indexOf(";", afterHost);
  if (semicolon < 0 || semicolon > paramsEnd) semicolon = paramsEnd;
  const port = readPort(text.slice(afterHost, semicolon));
  if (port === false) return undefined;
  const params = semicolon === paramsEnd ? [] : readPairs(text.slice(semicolon + 1, paramsEnd), ";");
  const headers = question < 0 ? [] : readPairs(text.slice(question + 1), "&");
  if (params === undefined || headers === undefined) return undefined;
  const passwordMark = info === undefined ? -1 : info.indexOf(":");
  const user = passwordMark < 0 ? info : info?.slice(0, passwordMark);
  const password = passwordMark < 0 ? undefined : info?.slice(passwordMark + 1);
  return { kind: "sip", scheme, user, password, host, port, params, headers };
}

/** Port after a host: undefined for an empty text, false when it is no port. */
function readPort(text: string): number | undefined | false {
  if (text === "") return undefined;
  if (!text.startsWith(":")) return false;
  return readDecimal(text.slice(1), 65_535) ?? false;
}

function parseTel(rest: string): TelUri | undefined {
  const semicolon = rest.indexOf(";");
  const number = semicolon < 0 ? rest : rest.slice(0, semicolon);
  const params = semicolon < 0 ? [] : readPairs(rest.slice(semicolon + 1), ";");
  const digits = number.startsWith("+") ? number.slice(1) : number;
  if (params === undefined || !/^[-.()]*[0-9A-Fa-f*#][-.()0-9A-Fa-f*#]*$/.test(digits)) return undefined;
  // RFC 3966 §3: a global number has decimal digits only.
  if (number.startsWith("+") && !isDigits(telDigits(digits))) return undefined;
  return { kind: "tel", number, params };
}

/** A tel number without its visual separators (RFC 3966 §5.1.1). */
export function telDigits(number: string): string {
  return number.replace(/[-.()]/g, "");
}

function parseUrn(rest: string): UrnUri | undefined {
  const colon = rest.indexOf(":");
  if (colon < 1 || colon === rest.length - 1) return undefined;
  return { kind: "urn", namespace: rest.slice(0, colon).toLowerCase(), specific: rest.slice(colon + 1) };
}

function parseOther(scheme: string, rest: string): OtherUri | undefined {
  return /^[a-z][a-z0-9+.-]*$/.test(scheme) && rest !== "" ? { kind: "other", scheme, rest } : undefined;
}

function readPairs(text: string, separator: string): ParameterList | undefined {
  const list: Parameter[] = [];
  for (const piece of text.split(separator)) {
    const equals = piece.indexOf("=");
    const name = equals < 0 ? piece : piece.slice(0, equals);
    if (name === "") return undefined;
    list.push([name, equals < 0 ? undefined : piece.slice(equals + 1)]);
  }
  return list;
}

function formatPairs(list: ParameterList, lead: string, separator: string): string {
  if (list.length === 0) return "";
  return lead + list.map(([name, value]) => (value === undefined ? name : `${name}=${value}`)).join(separator);
}

function formatSip(uri: SipUri): string {
  const password = uri.password === undefined ? "" : `:${uri.password}`;
  const info = uri.user === undefined ? "" : `${uri.user}${password}@`;
  const port = uri.port === undefined ? "" : `:${uri.port}`;
  const params = formatPairs(uri.params, ";", ";");
  return `${uri.scheme}:${info}${uri.host}${port}${params}${formatPairs(uri.headers, "?", "&")}`;
}
