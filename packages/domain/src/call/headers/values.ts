import { readTag, type SipMessage } from "@tandem/sip";

/** A SIP, SIPS or TEL URI cut where it can be cut, every part as written. */
export interface UriParts {
  /** Lower case. */
  readonly scheme: string;
  /** User part with its parameters; for `tel:` the number with its parameters; empty when there is none. */
  readonly user: string;
  /** Host with port; empty for `tel:` and others. */
  readonly host: string;
  /** `;name=value…` after the host. */
  readonly params: string;
  /** `?name=value…`. */
  readonly headers: string;
}

/** A name-addr or addr-spec of a From, To, Contact, Route… value, every part as written. */
export interface AddressParts {
  readonly display: string;
  readonly uri: string;
  /** `;name=value…` after the address. */
  readonly params: string;
}

/** Cuts a URI; one of another scheme comes back with everything in `user`. Never fails. */
export function readUri(text: string): UriParts {
  const colon = text.indexOf(":");
  const scheme = colon < 0 ? "" : text.slice(0, colon).trim().toLowerCase();
  const rest = text.slice(colon + 1);
  if (scheme !== "sip" && scheme !== "sips") return { scheme, user: rest, host: "", params: "", headers: "" };
  const at = rest.lastIndexOf("@", endOfUserinfo(rest));
  const tail = rest.slice(at + 1);
  const question = tail.indexOf("?");
  const address = question < 0 ? tail : tail.slice(0, question);
  const semicolon = address.indexOf(";");
  return {
    scheme,
    user: at < 0 ? "" : rest.slice(0, at),
    host: semicolon < 0 ? address : address.slice(0, semicolon),
    params: semicolon < 0 ? "" : address.slice(semicolon),
    headers: question < 0 ? "" : tail.slice(question),
  };
}

/** An `@` after the first `?` that follows an `@` belongs to a URI header, not to the user part. */
function endOfUserinfo(rest: string): number {
  const at = rest.indexOf("@");
  const question = rest.indexOf("?", at + 1);
  return question < 0 ? rest.length : question;
}

/** Puts a URI together again. */
export function writeUri(parts: UriParts): string {
  if (parts.scheme !== "sip" && parts.scheme !== "sips") return `${parts.scheme}:${parts.user}`;
  return `${parts.scheme}:${parts.user === "" ? "" : `${parts.user}@`}${parts.host}${parts.params}${parts.headers}`;
}

/** User part without password and parameters. */
export function userOf(uri: string): string {
  const { user } = readUri(uri);
  const end = user.search(/[;:]/);
  return end < 0 ? user : user.slice(0, end);
}

/** Host without port, lower case; an IPv6 literal keeps its brackets. */
export function hostOf(uri: string): string {
  return withoutPort(readUri(uri).host).toLowerCase();
}

/** `host:port` without the port. */
export function withoutPort(host: string): string {
  const close = host.indexOf("]");
  const colon = host.indexOf(":", close + 1);
  return colon < 0 ? host : host.slice(0, colon);
}

/** Cuts a From, To, Contact or Route value. Never fails: without brackets everything up to `;` is the URI (RFC 3261 §20.10). */
export function readAddress(value: string): AddressParts {
  const open = indexOutsideQuotes(value, "<");
  if (open < 0) {
    const semicolon = value.indexOf(";");
    const uri = semicolon < 0 ? value : value.slice(0, semicolon);
    return { display: "", uri: uri.trim(), params: semicolon < 0 ? "" : value.slice(semicolon) };
  }
  const close = value.indexOf(">", open);
  const end = close < 0 ? value.length : close;
  return { display: value.slice(0, open).trim(), uri: value.slice(open + 1, end).trim(), params: value.slice(end + 1) };
}

/** A From or To value without its tag. */
export function withoutTag(value: string): string {
  const { display, uri, params } = readAddress(value);
  const kept = params.replace(/;\s*tag\s*=\s*[^;,\s]*/gi, "").trim();
  return `${display === "" ? "" : `${display} `}<${uri}>${kept}`;
}

/** The tag of a From or To line, empty when there is none. */
export function tagIn(message: SipMessage, name: "From" | "To"): string {
  return readTag(message.get(name) ?? "") ?? "";
}

/** All values of a header, its lines cut at commas outside quotes and brackets. */
export function headerValues(message: SipMessage, name: string): readonly string[] {
  return message.getAll(name).flatMap(splitValues);
}

/** One header line cut at its commas outside quotes and brackets. */
export function splitValues(line: string): readonly string[] {
  if (!line.includes(",")) return [line];
  const values: string[] = [];
  let start = 0;
  let quoted = false;
  let depth = 0;
  for (let at = 0; at < line.length; at++) {
    const char = line[at];
    if (quoted && char === "\\") at++;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === "<") depth++;
    else if (!quoted && char === ">") depth--;
    else if (!quoted && depth <= 0 && char === ",") {
      values.push(line.slice(start, at).trim());
      start = at + 1;
    }
  }
  values.push(line.slice(start).trim());
  return values.filter((value) => value !== "");
}

/** Option tags or tokens of a header, lower case. */
export function optionTags(message: SipMessage, name: string): readonly string[] {
  return headerValues(message, name).map((tag) => tag.toLowerCase());
}

/** Sequence number of the CSeq; 0 when it is missing or wrong. */
export function cseqOf(message: SipMessage): number {
  return numberIn(message.get("CSeq")) ?? 0;
}

/** The whole number a value starts with, up to 2³²-1; null when there is none. */
export function numberIn(value: string | undefined): number | null {
  const digits = /^\s*(\d{1,10})/.exec(value ?? "")?.[1];
  if (digits === undefined) return null;
  const number = Number(digits);
  return number <= 0xffffffff ? number : null;
}

/** Value of a `;name=value` parameter (case-insensitive name, unquoted value); null when absent, empty without value. */
export function paramIn(params: string, name: string): string | null {
  for (const piece of params.split(";")) {
    const equals = piece.indexOf("=");
    const key = (equals < 0 ? piece : piece.slice(0, equals)).trim().toLowerCase();
    if (key === name) return equals < 0 ? "" : unquoted(piece.slice(equals + 1).trim());
  }
  return null;
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

function indexOutsideQuotes(text: string, wanted: string): number {
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted && char === "\\") at++;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === wanted) return at;
  }
  return -1;
}
