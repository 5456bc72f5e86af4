import { HEADER_ID } from "./header-name.ts";
import { makeHeader, withoutLineBreaks, type HeaderText } from "./header-text.ts";
import type { HeaderLine, SipMessage } from "./message.ts";
import { reasonPhrase } from "./reason-phrase.ts";
import { readTag } from "./values/tag.ts";
import { asTextMessage, requestStart, responseStart, TextMessage } from "./text-message.ts";

export interface RequestParts {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly HeaderLine[];
  /** latin1; default empty. */
  readonly body?: string;
}

export interface ResponseParts {
  /** 100–699. */
  readonly status: number;
  /** Default: the registered phrase. */
  readonly reason?: string;
  /** Method of the request answered (the CSeq method). */
  readonly method: string;
  readonly headers: readonly HeaderLine[];
  /** latin1; default empty. */
  readonly body?: string;
}

export interface ResponseOptions {
  readonly reason?: string;
  /** Put into To when the request's To has no tag; not into a 100. */
  readonly toTag?: string;
  /** Added after the copied lines. */
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
}

/** A request from its parts. Content-Length is written by `formatMessage`. Line breaks in names and values become spaces. */
export function buildRequest(parts: RequestParts): SipMessage {
  const start = requestStart(withoutLineBreaks(parts.method), withoutLineBreaks(parts.uri));
  return new TextMessage(start, makeLines(parts.headers), parts.body ?? "");
}

/** A response from its parts. */
export function buildResponse(parts: ResponseParts): SipMessage {
  const reason = withoutLineBreaks(parts.reason ?? reasonPhrase(parts.status));
  return new TextMessage(responseStart(parts.status, reason, parts.method), makeLines(parts.headers), parts.body ?? "");
}

/** The response of a UAS to a request (RFC 3261 §8.2.6): Via, From, To, Call-ID and CSeq copied as written. */
export function responseTo(request: SipMessage, status: number, options: ResponseOptions = {}): SipMessage {
  const source = asTextMessage(request);
  const lines: HeaderText[] = [];
  for (const line of source.lines) {
    if (line.id === HEADER_ID.to) lines.push(taggedTo(line, status, options.toTag));
    else if (isCopied(line.id, source.method, status)) lines.push(line);
  }
  for (const [name, value] of options.headers ?? []) lines.push(makeHeader(name, value));
  const reason = withoutLineBreaks(options.reason ?? reasonPhrase(status));
  return new TextMessage(responseStart(status, reason, source.method), lines, options.body ?? "");
}

function makeLines(headers: readonly HeaderLine[]): HeaderText[] {
  return headers.map(([name, value]) => makeHeader(name, value));
}

const DIALOG_METHODS: readonly string[] = ["INVITE", "SUBSCRIBE", "REFER"];

function isCopied(id: number, method: string, status: number): boolean {
  switch (id) {
    case HEADER_ID.via:
    case HEADER_ID.from:
    case HEADER_ID.callId:
    case HEADER_ID.cseq:
      return true;
    // RFC 3261 §8.2.6.1: a 100 carries the request's Timestamp.
    case HEADER_ID.timestamp:
      return status === 100;
    // RFC 3261 §12.1.1: a response that makes a dialog carries the request's Record-Route.
    case HEADER_ID.recordRoute:
      return status > 100 && status < 300 && DIALOG_METHODS.includes(method);
    default:
      return false;
  }
}

function taggedTo(line: HeaderText, status: number, tag: string | undefined): HeaderText {
  // RFC 3261 §8.2.6.2: a To without a tag gets one, except in a 100.
  if (tag === undefined || status === 100 || readTag(line.value) !== undefined) return line;
  return makeHeader(line.name, `${line.value};tag=${tag}`);
}
