import { withBody, withHeaders } from "../edit-message.ts";
import { makeHeader } from "../header-text.ts";
import type { HeaderLine, SipMessage } from "../message.ts";
import { parseMediaType } from "../values/media-type.ts";
import { parseMultipart, type BodyPart } from "./multipart.ts";

/** A part to be sent: its headers (Content-Type and what else it needs) and its body, latin1. */
export interface NewPart {
  readonly headers: readonly HeaderLine[];
  readonly body: string;
}

/** A leaf of a message's body. `start`, `bodyStart` and `end` are offsets in the message's body. */
export interface BodyLeaf {
  readonly mediaType: string;
  readonly body: string;
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
  /** First value of one of the leaf's own headers; for a body that is not multipart, the message's. */
  get(name: string): string | undefined;
}

/** Multiparts nested deeper than this are one leaf. */
const MAX_DEPTH = 8;

/** Headers that describe a body and go with it (RFC 3261 §7.4, RFC 5621 §4). */
const BODY_HEADERS = [
  "Content-Type",
  "Content-Disposition",
  "Content-Encoding",
  "Content-Language",
  "Content-ID",
  "Content-Transfer-Encoding",
];

/** The leaves of a body in order, nested multiparts opened; none for an empty body. An unreadable multipart is one leaf. */
export function bodyLeaves(message: SipMessage): readonly BodyLeaf[] {
  const { body } = message;
  if (body === "") return [];
  const type = parseMediaType(message.get("Content-Type") ?? "");
  if (type?.name.startsWith("multipart/") === true && type.boundary !== undefined) {
    const leaves = leavesOf(body, type.boundary, { offset: 0, depth: 1 });
    if (leaves !== undefined) return leaves;
  }
  const get = (name: string): string | undefined => message.get(name);
  return [{ mediaType: type?.name ?? "", body, start: 0, bodyStart: 0, end: body.length, get }];
}

/** First leaf of that media type (`application/sdp`), wherever it stands. */
export function findBody(message: SipMessage, mediaType: string): BodyLeaf | undefined {
  const lower = mediaType.toLowerCase();
  return bodyLeaves(message).find((leaf) => leaf.mediaType === lower);
}

/** The leaf whose Content-ID is that (with angle brackets): what a `cid:` URL of Geolocation or Call-Info names. */
export function findBodyById(message: SipMessage, contentId: string): BodyLeaf | undefined {
  return bodyLeaves(message).find((leaf) => leaf.get("Content-ID") === contentId);
}

/** The message with that leaf's body replaced; every byte around it stays. `leaf` must come from this message. */
export function replaceBody(message: SipMessage, leaf: BodyLeaf, body: string): SipMessage {
  const text = message.body;
  if (leaf.start === leaf.bodyStart)
    return withBody(message, text.slice(0, leaf.bodyStart) + body + text.slice(leaf.end));
  const head = text
    .slice(leaf.start, leaf.bodyStart)
    .replace(/^(content-length[ \t]*:)[ \t]*\d+/im, `$1 ${body.length}`);
  return withBody(message, text.slice(0, leaf.start) + head + body + text.slice(leaf.end));
}

/** The message with only that leaf as its body, its Content-* headers moved to the message. */
export function withOnlyBody(message: SipMessage, leaf: BodyLeaf): SipMessage {
  if (leaf.start === 0 && leaf.end === message.body.length) return message;
  const edited = withHeaders(message, (headers) => {
    for (const name of BODY_HEADERS) {
      const value = leaf.get(name);
      if (value === undefined) headers.remove(name);
      else headers.set(name, value);
    }
  });
  return withBody(edited, leaf.body);
}

/**
 * The message with one more part: last in a `multipart/mixed` body, else in a new one after the body there was (the parts of another multipart have
 * a relation of their own, RFC 2046 §5.1.4). `boundary` is used for a
 * new multipart only and is made longer until it stands in none of the parts.
 */
export function addBody(message: SipMessage, part: NewPart, boundary: string): SipMessage {
  const type = parseMediaType(message.get("Content-Type") ?? "");
  if (message.body !== "" && type?.name === "multipart/mixed" && type.boundary !== undefined) {
    const multipart = parseMultipart(message.body, type.boundary);
    if (multipart !== undefined) return appendPart(message, part, multipart);
  }
  return wrapBody(message, part, boundary);
}

/** A leaf as a part to be sent, with the headers that describe it. */
export function partOfLeaf(leaf: BodyLeaf): NewPart {
  return { headers: describing((name) => leaf.get(name)), body: leaf.body };
}

/** A multipart body with these parts. The boundary must stand in none of them: `freeBoundary` makes it so. */
export function formatMultipart(parts: readonly NewPart[], boundary: string): string {
  return `${parts.map((part) => `--${boundary}\r\n${formatPart(part)}\r\n`).join("")}--${boundary}--\r\n`;
}

/** The boundary, or the boundary with as many `x` added as it takes to stand in none of the bodies. */
export function freeBoundary(bodies: readonly string[], boundary: string): string {
  let free = boundary;
  while (bodies.some((body) => body.includes(`--${free}`))) free += "x";
  return free;
}

interface Nesting {
  readonly offset: number;
  readonly depth: number;
}

function leavesOf(text: string, boundary: string, nesting: Nesting): readonly BodyLeaf[] | undefined {
  return parseMultipart(text, boundary)?.parts.flatMap((part) => {
    const nested =
      part.mediaType.startsWith("multipart/") && part.boundary !== undefined && nesting.depth < MAX_DEPTH
        ? leavesOf(part.body, part.boundary, { offset: nesting.offset + part.bodyStart, depth: nesting.depth + 1 })
        : undefined;
    return nested ?? [leafOf(part, nesting.offset)];
  });
}

function leafOf(part: BodyPart, offset: number): BodyLeaf {
  return {
    mediaType: part.mediaType,
    body: part.body,
    start: offset + part.start,
    bodyStart: offset + part.bodyStart,
    end: offset + part.end,
    get: (name) => part.get(name),
  };
}

function formatPart(part: NewPart): string {
  return `${part.headers.map(([name, value]) => makeHeader(name, value).text).join("")}\r\n${part.body}`;
}

function appendPart(
  message: SipMessage,
  part: NewPart,
  multipart: { readonly boundary: string; readonly closeStart: number },
): SipMessage {
  const text = message.body;
  const isClosed = multipart.closeStart < text.length;
  const before = isClosed ? text.slice(0, multipart.closeStart) : `${text}\r\n`;
  const after = isClosed ? text.slice(multipart.closeStart) : `--${multipart.boundary}--\r\n`;
  return withBody(message, `${before}--${multipart.boundary}\r\n${formatPart(part)}\r\n${after}`);
}

function describing(get: (name: string) => string | undefined): readonly HeaderLine[] {
  return BODY_HEADERS.flatMap((name): readonly HeaderLine[] => {
    const value = get(name);
    return value === undefined ? [] : [[name, value]];
  });
}

function wrapBody(message: SipMessage, part: NewPart, boundary: string): SipMessage {
  const headers = describing((name) => message.get(name));
  const parts = message.body === "" ? [part] : [{ headers, body: message.body }, part];
  const free = freeBoundary(
    parts.map((each) => each.body),
    boundary,
  );
  const stripped = withHeaders(message, (edit) => {
    for (const name of BODY_HEADERS) edit.remove(name);
    // RFC 2045 §4: a multipart body needs it.
    edit.set("MIME-Version", "1.0").set("Content-Type", `multipart/mixed;boundary=${free}`);
  });
  return withBody(stripped, formatMultipart(parts, free));
}
