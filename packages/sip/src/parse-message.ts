import { CHAR, TOKEN_CHARACTERS, isBlank, isToken, readDecimal } from "./characters.ts";
import { HEADER_ID, hashStep, headerIdAt } from "./header-name.ts";
import { HeaderText } from "./header-text.ts";
import type { SipMessage } from "./message.ts";
import { parseFailure, type ParseFailure, type ParseFailureReason } from "./parse-failure.ts";
import { err, ok, type Result } from "./result.ts";
import { TextMessage, type StartLine } from "./text-message.ts";

/** Limits on what is read; sizes in bytes. */
export interface ParseOptions {
  /** Whole message. Default 262144. */
  readonly maxBytes?: number;
  /** One header line with its folds, or the start line. Default 16384. */
  readonly maxLineLength?: number;
  /** Header lines. Default 512. */
  readonly maxHeaders?: number;
}

const DEFAULT_MAX_BYTES = 262_144;
const DEFAULT_MAX_LINE_LENGTH = 16_384;
const DEFAULT_MAX_HEADERS = 512;

/** RFC 3261 §20.14 gives no bound; 2^31-1 keeps every length a small integer. */
const MAX_CONTENT_LENGTH = 2_147_483_647;

/**
 * Reads a message from a latin1 string. One pass finds the header lines; values are cut out on demand. The body is everything after the blank
 * line: Content-Length is `parseDatagram`'s (or the stream framer's) matter. Never throws.
 */
export function parseMessage(text: string, options?: ParseOptions): Result<SipMessage, ParseFailure> {
  if (text.length > (options?.maxBytes ?? DEFAULT_MAX_BYTES)) return err(parseFailure("too-large", undefined));
  const scan = new HeaderScan(text, options);
  scan.run();
  if (scan.failure === undefined && scan.start !== undefined) {
    return ok(new TextMessage(scan.start, scan.lines, text.slice(scan.bodyStart)));
  }
  const partial = scan.start === undefined ? undefined : new TextMessage(scan.start, scan.lines, "");
  return err(parseFailure(scan.failure ?? "bad-start-line", partial));
}

/** Reads one UDP datagram: Content-Length shorter than the rest cuts the body off, longer is an error (RFC 3261 §18.3). */
export function parseDatagram(bytes: Uint8Array, options?: ParseOptions): Result<SipMessage, ParseFailure> {
  if (bytes.length > (options?.maxBytes ?? DEFAULT_MAX_BYTES)) return err(parseFailure("too-large", undefined));
  const parsed = parseMessage(latin1Text(bytes), options);
  return parsed.ok ? fitBody(parsed.value) : parsed;
}

function fitBody(message: SipMessage): Result<SipMessage, ParseFailure> {
  if (!(message instanceof TextMessage)) return ok(message);
  const line = message.line(HEADER_ID.contentLength);
  // RFC 3261 §20.14: without Content-Length the body runs to the end of the datagram.
  if (line === undefined) return ok(message);
  const length = readDecimal(line.value, MAX_CONTENT_LENGTH);
  if (length === undefined) return err(parseFailure("bad-content-length", message));
  if (length === message.body.length) return ok(message);
  if (length > message.body.length) return err(parseFailure("body-shorter-than-content-length", message));
  return ok(new TextMessage(message, message.lines, message.body.slice(0, length)));
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

/** The pass over a text's head. After a failure it goes on, so that a 400 can quote the headers that are readable. */
class HeaderScan {
  readonly lines: HeaderText[] = [];
  start: StartLine | undefined = undefined;
  failure: ParseFailureReason | undefined = undefined;
  bodyStart: number;
  private readonly text: string;
  private readonly maxLineLength: number;
  private readonly maxHeaders: number;
  private nextCr: number;

  constructor(text: string, options: ParseOptions | undefined) {
    this.text = text;
    this.bodyStart = text.length;
    this.maxLineLength = options?.maxLineLength ?? DEFAULT_MAX_LINE_LENGTH;
    this.maxHeaders = options?.maxHeaders ?? DEFAULT_MAX_HEADERS;
    this.nextCr = -1;
  }

  run(): void {
    const from = skipLineEnds(this.text);
    if (from === this.text.length) return this.fail("empty");
    const lf = this.text.indexOf("\n", from);
    if (lf < 0) return this.fail("truncated");
    this.nextCr = this.text.indexOf("\r", from);
    const end = this.contentEnd(lf);
    if (end - from > this.maxLineLength) return this.fail("start-line-too-long");
    const start = readStartLine(this.text.slice(from, end));
    if (typeof start === "string") this.fail(start);
    else this.start = start;
    if (this.start === undefined) this.start = salvageStart(this.text.slice(from, end));
    this.readLines(lf + 1);
  }

  private readLines(from: number): void {
    const { text } = this;
    let at = from;
    while (at < text.length) {
      let lf = text.indexOf("\n", at);
      if (lf < 0) break;
      let end = this.contentEnd(lf);
      if (end === at) {
        this.bodyStart = lf + 1;
        return;
      }
      let folded = false;
      // RFC 3261 §7.3.1: a line that starts with a blank continues the one before.
      while (isBlank(text.charCodeAt(lf + 1))) {
        const nextLf = text.indexOf("\n", lf + 1);
        if (nextLf < 0) break;
        folded = true;
        lf = nextLf;
        end = this.contentEnd(lf);
      }
      this.readLine(at, end, lf + 1, folded);
      if (this.lines.length > this.maxHeaders) return this.fail("too-many-headers");
      at = lf + 1;
    }
    this.fail("truncated");
  }

  /** Where the content of the line ending at this LF ends; a CR anywhere but right before the LF is a failure. */
  private contentEnd(lf: number): number {
    if (this.nextCr < 0 || this.nextCr > lf) return lf;
    const end = this.nextCr;
    if (end !== lf - 1) this.fail("bad-line-end");
    this.nextCr = this.text.indexOf("\r", lf);
    return end === lf - 1 ? end : lf;
  }

  private readLine(start: number, end: number, next: number, folded: boolean): void {
    const { text } = this;
    if (end - start > this.maxLineLength) return this.fail("header-line-too-long");
    let at = start;
    let hash = 0;
    let code = text.charCodeAt(at);
    while (TOKEN_CHARACTERS[code] === 1) {
      hash = hashStep(hash, code);
      code = text.charCodeAt(++at);
    }
    const nameEnd = at;
    // RFC 3261 §7.3.1 allows blanks before the colon.
    while (isBlank(code)) code = text.charCodeAt(++at);
    if (code !== CHAR.colon || nameEnd === start) return this.fail("bad-header-line");
    const id = headerIdAt(text, start, nameEnd, hash);
    // A line that ended in a bare LF is not written back with it.
    const crlf = next - end === 2;
    this.lines.push(
      new HeaderText(text, { id, start, nameEnd, valueStart: at + 1, end, next: crlf ? next : end, folded }),
    );
  }

  private fail(reason: ParseFailureReason): void {
    this.failure ??= reason;
  }
}

/** RFC 3261 §7.5: line ends before the start line are ignored. */
function skipLineEnds(text: string): number {
  let at = 0;
  while (at < text.length && (text.charCodeAt(at) === CHAR.cr || text.charCodeAt(at) === CHAR.lf)) at++;
  return at;
}

function readStartLine(line: string): StartLine | ParseFailureReason {
  return startsWithVersion(line) ? readStatusLine(line) : readRequestLine(line);
}

/** `SIP/` in any case (RFC 3261 §7.1). */
function startsWithVersion(line: string): boolean {
  return (
    line.charCodeAt(3) === CHAR.slash &&
    (line.charCodeAt(0) | 32) === 115 &&
    (line.charCodeAt(1) | 32) === 105 &&
    (line.charCodeAt(2) | 32) === 112
  );
}

function readStatusLine(line: string): StartLine | ParseFailureReason {
  if (!line.startsWith("2.0 ", 4)) return "unsupported-version";
  const codeText = line.slice(8, 11);
  const status = readDecimal(codeText, 699);
  const separator = line.charCodeAt(11);
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

/** What can be told of a request line that is not well-formed: its method, if it has one. */
function salvageStart(line: string): StartLine | undefined {
  if (startsWithVersion(line)) return undefined;
  const gap = line.indexOf(" ");
  const method = gap < 0 ? "" : line.slice(0, gap);
  if (!isToken(method)) return undefined;
  return { kind: "request", method, uri: "", status: 0, reason: "", startLine: line };
}
