import { isLetOffForm, parseMessage } from "@tandem/sip";

/** What a stream's bytes turn out to be. */
export interface FrameReceiver {
  /** A complete message: head and body, latin1. */
  onMessage(text: string): void;
  /** A double CRLF between messages (RFC 5626 §4.4.1), to be answered with one CRLF. */
  onPing(): void;
  /** The stream cannot be read any further. `head`: the message's head, if its end was found. */
  onFailure(failure: FramingFailure, head: string | undefined): void;
}

/**
 * - `not-sip`: the first line is no SIP start line
 * - `head-too-large`, `message-too-large`: over the limit
 * - `no-content-length`, `bad-content-length`: where the message ends cannot be told (RFC 3261 §18.3), and it is none that may be for help, or says two lengths
 */
export type FramingFailure =
  | "not-sip"
  | "head-too-large"
  | "message-too-large"
  | "no-content-length"
  | "bad-content-length";

const CR = 13;
const LF = 10;
const HEAD_END = "\r\n\r\n";
const FIRST_CAPACITY = 4_096;
/** A start line longer than this without an end is looked at as it is. */
const LONGEST_START_LINE = 16_384;
const SIP_VERSION = /\bSIP\/\d/i;
const CONTENT_LENGTH = /\r\n(?:content-length|l)[ \t]*:((?:[^\r]|\r\n[ \t])*)/gi;

/**
 * Cuts a byte stream into SIP messages (RFC 3261 §18.3). Costs one pass over the bytes however they are cut into chunks; holds at
 * most one unfinished message of at most `maxBytes`.
 */
export class StreamFramer {
  private readonly receiver: FrameReceiver;
  private readonly maxBytes: number;
  /** Bytes not yet delivered: `held[0, length)`. Empty between messages that end with a chunk. */
  private held: Buffer = Buffer.alloc(0);
  private length = 0;
  /** Where the search for the end of the head goes on. */
  private searched = 0;
  /** Size of the message whose head is complete, or 0. */
  private wanted = 0;
  private startLineSeen = false;
  private lineEnds = 0;
  private failed = false;

  constructor(receiver: FrameReceiver, maxBytes: number) {
    this.receiver = receiver;
    this.maxBytes = maxBytes;
  }

  /** True while a message has begun and is not complete. */
  get partial(): boolean {
    return this.length > 0;
  }

  /** Takes the next bytes; calls the receiver for everything they complete. Ignored after a failure. */
  push(chunk: Buffer): void {
    if (this.failed) return;
    let bytes = chunk;
    if (this.length > 0) {
      this.hold(chunk);
      bytes = this.held.subarray(0, this.length);
    }
    const used = this.consume(bytes);
    if (this.failed) this.drop();
    else this.keep(bytes, used);
  }

  /** Delivers every complete message; returns how many bytes were used. */
  private consume(bytes: Buffer): number {
    let start = 0;
    while (!this.failed) {
      if (this.wanted === 0) {
        if (this.searched === 0) start = this.skipLineEnds(bytes, start);
        if (start === bytes.length) return start;
        this.findHead(bytes, start);
        if (this.wanted === 0) return start;
      }
      if (bytes.length - start < this.wanted) return start;
      const end = start + this.wanted;
      const text = bytes.toString("latin1", start, end);
      start = end;
      this.expectNext();
      this.receiver.onMessage(text);
    }
    return start;
  }

  private expectNext(): void {
    this.wanted = 0;
    this.searched = 0;
    this.startLineSeen = false;
  }

  /** RFC 3261 §7.5 and RFC 5626 §4.4.1: line ends between messages mean nothing, but two in a row are a ping. */
  private skipLineEnds(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length && (bytes[at] === CR || bytes[at] === LF)) {
      if (bytes[at] === LF && ++this.lineEnds === 2) {
        this.lineEnds = 0;
        this.receiver.onPing();
      }
      at++;
    }
    if (at < bytes.length) this.lineEnds = 0;
    return at;
  }

  /** Looks for the end of the head of the message at `start`; sets `wanted` when it is there. */
  private findHead(bytes: Buffer, start: number): void {
    if (!this.startLineSeen && !this.checkStartLine(bytes, start)) return;
    const end = bytes.indexOf(HEAD_END, start + this.searched, "latin1");
    if (end < 0) {
      this.searched = Math.max(bytes.length - start - HEAD_END.length + 1, 1);
      if (bytes.length - start > this.maxBytes) this.fail("head-too-large", undefined);
      return;
    }
    const headBytes = end + HEAD_END.length - start;
    const head = bytes.toString("latin1", start, start + headBytes);
    const written = readContentLength(head);
    const bodyBytes =
      typeof written === "number" ? written : (guessedLength(head, bytes.length - start - headBytes) ?? written);
    if (typeof bodyBytes === "string") return this.fail(bodyBytes, head);
    if (headBytes + bodyBytes > this.maxBytes) return this.fail("message-too-large", head);
    this.wanted = headBytes + bodyBytes;
  }

  /** False: no SIP. True with `startLineSeen` unset: the line is not complete yet. */
  private checkStartLine(bytes: Buffer, start: number): boolean {
    const lineEnd = bytes.indexOf(LF, start);
    if (lineEnd < 0 && bytes.length - start < LONGEST_START_LINE) return true;
    const line = bytes.toString("latin1", start, lineEnd < 0 ? bytes.length : lineEnd);
    this.startLineSeen = SIP_VERSION.test(line);
    if (!this.startLineSeen) this.fail("not-sip", undefined);
    return this.startLineSeen;
  }

  private fail(failure: FramingFailure, head: string | undefined): void {
    this.failed = true;
    this.receiver.onFailure(failure, head);
  }

  private hold(chunk: Buffer): void {
    const needed = this.length + chunk.length;
    if (needed > this.held.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.held.length * 2));
      this.held.copy(grown, 0, 0, this.length);
      this.held = grown;
    }
    chunk.copy(this.held, this.length);
    this.length = needed;
  }

  /** Keeps what was not used; the chunk itself belongs to the socket's reader. */
  private keep(bytes: Buffer, used: number): void {
    const left = bytes.length - used;
    if (left === 0) return this.drop();
    if (this.length > 0 && used === 0) return;
    const capacity = Math.max(left, FIRST_CAPACITY, Math.min(this.wanted, this.maxBytes));
    const room = Buffer.allocUnsafe(capacity);
    bytes.copy(room, 0, used);
    this.held = room;
    this.length = left;
  }

  private drop(): void {
    if (this.length > 0) this.held = Buffer.alloc(0);
    this.length = 0;
  }
}

/** The value of Content-Length in a message's head; several that agree count as one. */
function readContentLength(head: string): number | FramingFailure {
  let length: number | undefined = undefined;
  for (const match of head.matchAll(CONTENT_LENGTH)) {
    const value = (match[1] ?? "").trim();
    if (!/^\d{1,9}$/.test(value)) return "bad-content-length";
    if (length !== undefined && length !== Number(value)) return "bad-content-length";
    length = Number(value);
  }
  return length ?? "no-content-length";
}

/**
 * An emergency call is not lost for a length that its sender did not write: it has no body where it names no type of one, else what came along with its head. Of two lengths none is guessed: who passed
 * the request on may have taken for its body what would be the next request here.
 */
function guessedLength(head: string, bytesAfter: number): number | undefined {
  const written = new Set(Array.from(head.matchAll(CONTENT_LENGTH), ([, value = ""]) => value.trim()));
  if (written.size > 1) return undefined;
  const parsed = parseMessage(head);
  const message = parsed.ok ? parsed.value : parsed.error.salvaged;
  if (message?.kind !== "request" || !isLetOffForm(message)) return undefined;
  return message.has("Content-Type") ? bytesAfter : 0;
}
