import { parseNameAddr } from "./address/name-addr.ts";
import { parseUri } from "./address/uri.ts";
import { readDecimal } from "./characters.ts";
import { HEADER_COUNT, headerId } from "./header-name.ts";
import type { SipMessage } from "./message.ts";
import { asTextMessage, type TextMessage } from "./text-message.ts";
import { firstOfList, splitList } from "./values/list.ts";
import { MAX_CSEQ, parseCSeq, parseMaxForwards } from "./values/sequence.ts";
import { parseVia } from "./values/via.ts";

/** What is wrong with a message that could be read. `header` is the canonical name of the header at fault; it is the reason code's subject. */
export interface MessageFault {
  readonly code:
    | "bad-request-uri"
    | "unknown-uri-scheme"
    | "missing-header"
    | "repeated-header"
    | "bad-header"
    | "method-mismatch"
    | "overlarge-cseq"
    | "several-vias";
  /** Status a server answers with: 400 or 416. A response with a fault is dropped (RFC 3261 §18.1.2, §8.1.3.3). */
  readonly status: number;
  readonly header: string | undefined;
  /** Short text for the reason phrase; holds nothing of the message's values. */
  readonly detail: string;
}

/** RFC 3261 §8.1.1 asks for these in every request; Max-Forwards is let off, since RFC 2543 peers leave it out (§16.3, RFC 4475 §3.4.1). */
const REQUIRED = ["Via", "From", "To", "Call-ID", "CSeq"] as const;

/** Headers that have one value and one line (RFC 3261 §7.3.1, RFC 4475 §3.3.8, §3.3.9; RFC 3515 §2.4.1, RFC 3891 §3). */
const SINGLE = [
  "From",
  "To",
  "Call-ID",
  "CSeq",
  "Max-Forwards",
  "Content-Length",
  "Content-Type",
  "Expires",
  "Session-Expires",
  "Min-SE",
  "Event",
  "RAck",
  "Refer-To",
  "Replaces",
] as const;

const requiredIds = REQUIRED.map((name) => [headerId(name), name] as const);
/** By header id; undefined where several lines are fine. */
const singleNames: readonly (string | undefined)[] = byId(SINGLE.map((name) => [headerId(name), name]));

type ValueCheck = readonly [name: string, reads: (value: string) => boolean];

const CHECKS: readonly ValueCheck[] = [
  ["From", (value) => parseNameAddr(value) !== undefined],
  ["To", (value) => parseNameAddr(value) !== undefined],
  ["Call-ID", (value) => value !== "" && !/[ \t]/.test(value)],
  ["CSeq", (value) => parseCSeq(value) !== undefined],
  ["Max-Forwards", (value) => parseMaxForwards(value) !== undefined],
  ["Content-Length", (value) => readDecimal(value, 2_147_483_647) !== undefined],
  ["Contact", (value) => value === "*" || readsAsAddresses(value)],
  ["Route", readsAsAddresses],
  ["Refer-To", (value) => parseNameAddr(value) !== undefined],
];

/** What each header's value must be able to be read as, by header id. */
const checks: readonly (ValueCheck | undefined)[] = byId(CHECKS.map((check) => [headerId(check[0]), check]));

function byId<T>(entries: readonly (readonly [id: number, entry: T])[]): readonly (T | undefined)[] {
  const table: (T | undefined)[] = Array.from({ length: HEADER_COUNT }, () => undefined);
  for (const [id, entry] of entries) table[id] = entry;
  return table;
}

const viaId = headerId("Via");

/** Checks every request before anything acts on it (RFC 3261 §8.2, §16.3); undefined when nothing is wrong. */
export function validateRequest(request: SipMessage): MessageFault | undefined {
  const message = asTextMessage(request);
  return requestUriFault(message.uri) ?? countFault(message) ?? valueFault(message) ?? cseqFault(message);
}

/** Headers of which the first line is taken where several came, or that are made anew anyway: no reason to lose an emergency call. */
const LET_OFF: ReadonlySet<string> = new Set(["Contact", "Route", "Max-Forwards", "Content-Length", "Refer-To"]);

/**
 * What of a fault makes a request unusable even as an emergency call: NENA-STA-010.3 has an entry element forward what it can read. A repeated header is
 * taken once, a bad value of a header that is made anew is not looked at.
 */
export function isGraveFault({ code, header }: MessageFault): boolean {
  if (code === "repeated-header" || code === "overlarge-cseq") return false;
  return code !== "bad-header" || !LET_OFF.has(header ?? "");
}

/** Checks a response; one with a fault is to be dropped. */
export function validateResponse(response: SipMessage): MessageFault | undefined {
  const message = asTextMessage(response);
  return countFault(message) ?? responseViaFault(message) ?? valueFault(message);
}

function requestUriFault(text: string): MessageFault | undefined {
  const uri = parseUri(text);
  if (uri === undefined) return fault("bad-request-uri", "Malformed Request-URI");
  // RFC 3261 §19.1.1, table 1: no headers in a Request-URI.
  if (uri.kind === "sip" && uri.headers.length > 0) return fault("bad-request-uri", "Headers in Request-URI");
  // RFC 3261 §8.2.2.1; tel (RFC 3966) and urn (RFC 5031) are for the dial plan to judge.
  if (uri.kind === "other") {
    return { code: "unknown-uri-scheme", status: 416, header: undefined, detail: "Unsupported URI Scheme" };
  }
  return undefined;
}

/** Required headers that are missing, single ones that repeat. */
function countFault(message: TextMessage): MessageFault | undefined {
  for (const [id, name] of requiredIds) {
    if (message.line(id) === undefined) return headerFault("missing-header", name, "Missing");
  }
  const lines = message.lines;
  for (let at = 0; at < lines.length; at++) {
    const id = lines[at]?.id ?? -1;
    const name = id < 0 ? undefined : singleNames[id];
    // When the first line with that id is another one, this one repeats it.
    if (name !== undefined && message.line(id) !== lines[at]) return headerFault("repeated-header", name, "Repeated");
  }
  return undefined;
}

function valueFault(message: TextMessage): MessageFault | undefined {
  let viaSeen = false;
  for (const line of message.lines) {
    if (line.id === viaId) {
      // Only the topmost Via is ours to understand.
      if (!viaSeen && parseVia(firstOfList(line.value)) === undefined) return badHeader("Via");
      viaSeen = true;
      continue;
    }
    const check = line.id < 0 ? undefined : checks[line.id];
    if (check !== undefined && !check[1](line.value)) return badHeader(check[0]);
  }
  return undefined;
}

function readsAsAddresses(value: string): boolean {
  const elements = splitList(value);
  return elements.length > 0 && elements.every((element) => parseNameAddr(element) !== undefined);
}

/** RFC 3261 §8.1.1.5: the CSeq method is the request's, its number less than 2^31. */
function cseqFault(message: TextMessage): MessageFault | undefined {
  const cseq = parseCSeq(message.get("CSeq") ?? "");
  if (cseq?.method !== message.method) return headerFault("method-mismatch", "CSeq", "Method mismatch in");
  return cseq.sequence > MAX_CSEQ ? headerFault("overlarge-cseq", "CSeq", "Bad") : undefined;
}

/** RFC 3261 §8.1.3.3: a response with more than one Via value went astray. */
function responseViaFault(message: TextMessage): MessageFault | undefined {
  let vias = 0;
  for (const line of message.lines) {
    if (line.id === viaId) vias += line.value.includes(",") ? splitList(line.value).length : 1;
  }
  return vias > 1 ? headerFault("several-vias", "Via", "More than one") : undefined;
}

function badHeader(header: string): MessageFault {
  return headerFault("bad-header", header, "Bad");
}

function headerFault(code: MessageFault["code"], header: string, what: string): MessageFault {
  return { code, status: 400, header, detail: `${what} ${header}` };
}

function fault(code: MessageFault["code"], detail: string): MessageFault {
  return { code, status: 400, header: undefined, detail };
}
