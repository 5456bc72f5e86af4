import { CHAR, codeAt, isToken, readDecimal } from "./characters.ts";
import { withHeaders } from "./edit-message.ts";
import { HEADER_ID } from "./header-name.ts";
import { DEFAULT_LIMITS, HeaderScan, type ParseOptions } from "./header-scan.ts";
import type { SipMessage } from "./message.ts";
import { parseFailure, type ParseFailure, type ParseFailureReason } from "./parse-failure.ts";
import { err, ok, type Result } from "./result.ts";
import { requestStart, TextMessage, type StartLine } from "./text-message.ts";

const VERSION_LENGTH = "SIP/2.0".length;

/** RFC 3261 §20.14 gives no bound; 2^31-1 keeps every length a small integer. */
const MAX_CONTENT_LENGTH = 2_147_483_647;

/**
 * Reads a message from a latin1 string. One pass finds the header lines; values are cut out on demand. The body is everything after the blank
 * line: Content-Length is `parseDatagram`'s (or the stream framer's) matter. Never throws.
 */
export function parseMessage(text: string, options?: ParseOptions): Result<SipMessage, ParseFailure> {
  if (text.length > (options?.maxBytes ?? DEFAULT_LIMITS.maxBytes)) return err(parseFailure("too-large", undefined));
  const { start, scan } = scanHead(text, options);
  if (scan.failure === undefined && start !== undefined) {
    return ok(new TextMessage(start, scan.lines, text.slice(scan.bodyStart)));
  }
  const partial = start === undefined ? undefined : new TextMessage(start, scan.lines, text.slice(scan.bodyStart));
  return err(parseFailure(scan.failure ?? "bad-start-line", partial));
}

/** Reads one UDP datagram: Content-Length shorter than the rest cuts the body off, longer is an error (RFC 3261 §18.3). */
export function parseDatagram(bytes: Uint8Array, options?: ParseOptions): Result<SipMessage, ParseFailure> {
  if (bytes.length > (options?.maxBytes ?? DEFAULT_LIMITS.maxBytes)) return err(parseFailure("too-large", undefined));
  const parsed = parseMessage(latin1Text(bytes), options);
  if (parsed.ok) return fitBody(parsed.value);
  const { salvaged } = parsed.error;
  if (salvaged === undefined) return parsed;
  const fitted = fitBody(salvaged);
  return err({ ...parsed.error, salvaged: fitted.ok ? fitted.value : fitted.error.salvaged });
}

function fitBody(message: SipMessage): Result<SipMessage, ParseFailure> {
  if (!(message instanceof TextMessage)) return ok(message);
  const line = message.line(HEADER_ID.contentLength);
  // RFC 3261 §20.14: without Content-Length the body runs to the end of the datagram.
  if (line === undefined) return ok(message);
  const length = readDecimal(line.value, MAX_CONTENT_LENGTH);
  if (length === undefined) return err(parseFailure("bad-content-length", withItsLength(message)));
  if (length === message.body.length) return ok(message);
  if (length > message.body.length) {
    return err(parseFailure("body-shorter-than-content-length", withItsLength(message)));
  }
  return ok(new TextMessage(message, message.lines, message.body.slice(0, length)));
}

function withItsLength(message: SipMessage): SipMessage {
  return withHeaders(message, (headers) => headers.set("Content-Length", String(message.body.length)));
}

interface Latin1Bytes extends Uint8Array {
  latin1Slice?(start: number, end: number): string;
}

const CHUNK = 8192;

/** The bytes as a latin1 string, one character each. A Node Buffer does it by itself; other arrays go through character codes. */
export function latin1Text(bytes: Uint8Array): string {
  const buffer: Latin1Bytes = bytes;
  if (buffer.latin1Slice !== undefined) return buffer.latin1Slice(0, bytes.length);
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return text;
}

interface MessageHead {
  readonly start: StartLine | undefined;
  readonly scan: HeaderScan;
}

/** Start line and header lines. After a bad start line the headers are still read, so that a 400 can quote them. */
function scanHead(text: string, options: ParseOptions | undefined): MessageHead {
  const from = skipLineEnds(text);
  const scan = new HeaderScan(text, from, options);
  const lf = text.indexOf("\n", from);
  if (lf < 0) {
    scan.fail(from === text.length ? "empty" : "truncated");
    return { start: undefined, scan };
  }
  const line = text.slice(from, scan.contentEnd(lf));
  const start = line.length > scan.maxLineLength ? "start-line-too-long" : readStartLine(line);
  if (typeof start === "string") scan.fail(start);
  scan.readLines(lf + 1);
  return { start: typeof start === "string" ? salvageStart(line, start) : start, scan };
}

/** RFC 3261 §7.5: line ends before the start line are ignored. */
function skipLineEnds(text: string): number {
  let at = 0;
  while (at < text.length && (codeAt(text, at) === CHAR.cr || codeAt(text, at) === CHAR.lf)) at++;
  return at;
}

function readStartLine(line: string): StartLine | ParseFailureReason {
  return startsWithVersion(line) ? readStatusLine(line) : readRequestLine(line);
}

/** `SIP/` in any case (RFC 3261 §7.1). */
function startsWithVersion(line: string): boolean {
  return (
    codeAt(line, 3) === CHAR.slash &&
    (codeAt(line, 0) | 32) === 115 &&
    (codeAt(line, 1) | 32) === 105 &&
    (codeAt(line, 2) | 32) === 112
  );
}

function readStatusLine(line: string): StartLine | ParseFailureReason {
  if (!line.startsWith("2.0 ", 4)) return "unsupported-version";
  const codeText = line.slice(8, 11);
  const status = readDecimal(codeText, 699);
  const separator = codeAt(line, 11);
  // The SP before an empty reason phrase is mandatory (RFC 3261 §7.2) but often left out; nothing else reads as such a line.
  if (status === undefined || status < 100 || codeText.length !== 3) return "bad-start-line";
  if (line.length > 11 && separator !== CHAR.space) return "bad-start-line";
  return { kind: "response", method: "", uri: "", status, reason: line.slice(12), startLine: line };
}

function readRequestLine(line: string): StartLine | ParseFailureReason {
  const first = line.indexOf(" ");
  const last = line.lastIndexOf(" ");
  if (first < 1 || last === first) return "bad-start-line";
  const method = line.slice(0, first);
  const version = line.slice(last + 1);
  const uri = line.slice(first + 1, last);
  if (!startsWithVersion(version) || !isToken(method)) return "bad-start-line";
  // RFC 3261 §7.1: single SP between the elements, no white space inside the Request-URI.
  if (uri === "" || uri.includes(" ") || uri.includes("\t")) return "bad-start-line";
  if (version.length !== 7 || !version.startsWith("2.0", 4)) return "unsupported-version";
  return { kind: "request", method, uri, status: 0, reason: "", startLine: line };
}

/** What can be told of a request line that is not well-formed: its method, if it has one, and its Request-URI without the blanks that do not belong there. */
function salvageStart(line: string, failure: ParseFailureReason): StartLine | undefined {
  if (startsWithVersion(line)) return undefined;
  const gap = line.indexOf(" ");
  const method = gap < 0 ? "" : line.slice(0, gap);
  if (!isToken(method)) return undefined;
  const rest = failure === "bad-start-line" ? line.slice(gap).trim() : "";
  const uri = rest.toUpperCase().endsWith(" SIP/2.0") ? rest.slice(0, -VERSION_LENGTH).replaceAll(/[ \t\r]/g, "") : "";
  return requestStart(method, uri);
}
