import type { SdpOrigin } from "../call.ts";
import { spread } from "../identity.ts";
import { paramIn, withoutPort } from "./values.ts";

/** Where the session description lies in a body. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** Deepest nesting of multipart bodies that is looked into. */
const MAX_DEPTH = 4;

/** The SDP of a body, alone or as a part of a multipart; empty when there is none. */
export function sdpIn(contentType: string | undefined, body: string): string {
  const span = findSdp(contentType ?? "", body, { start: 0, end: body.length }, 0);
  return span === null ? "" : body.slice(span.start, span.end);
}

/**
 * The body with our o= and s= lines in its SDP: the originator's user name and host stay hidden, and session id and version are ours, coherent
 * in the dialog whatever the other leg does (RFC 3264 §8: same id, version grown by one exactly when the description changes).
 * Every other byte stays, other parts of a multipart included. `origin` takes note of what was sent.
 */
export function ownDescription(origin: SdpOrigin, contentType: string | undefined, body: string, host: string): string {
  const span = findSdp(contentType ?? "", body, { start: 0, end: body.length }, 0);
  if (span === null) return body;
  const sdp = body.slice(span.start, span.end);
  return `${body.slice(0, span.start)}${ownSdp(origin, sdp, host)}${body.slice(span.end)}`;
}

function ownSdp(origin: SdpOrigin, sdp: string, host: string): string {
  const bare = sdp.replace(/^o=.*$/m, "o=").replace(/^s=.*$/m, "s=-");
  const mark = `${bare.length}.${spread(bare, 0xffffffff).toString(36)}`;
  if (mark !== origin.mark) {
    origin.mark = mark;
    origin.version += 1;
  }
  const address = withoutPort(host).replace(/^\[|\]$/g, "");
  const family = address.includes(":") ? "IP6" : "IP4";
  return bare.replace(/^o=/m, `o=- ${origin.id} ${origin.version} IN ${family} ${address}`);
}

function findSdp(contentType: string, body: string, within: Span, depth: number): Span | null {
  const semicolon = contentType.indexOf(";");
  const type = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  if (type === "application/sdp") return within.end > within.start ? within : null;
  if (!type.startsWith("multipart/") || depth >= MAX_DEPTH || semicolon < 0) return null;
  const boundary = paramIn(contentType.slice(semicolon), "boundary");
  if (boundary === null || boundary === "") return null;
  for (const part of partsOf(body, within, boundary)) {
    const found = findInPart(body, part, depth);
    if (found !== null) return found;
  }
  return null;
}

function findInPart(body: string, part: Span, depth: number): Span | null {
  const text = body.slice(part.start, part.end);
  const blank = /^\r?\n|\r?\n\r?\n/.exec(text);
  if (blank === null) return null;
  const head = text.slice(0, blank.index).replace(/\r?\n[ \t]+/g, " ");
  const type = /^content-type[ \t]*:[ \t]*(.*)$/im.exec(head)?.[1] ?? "text/plain";
  if (/^content-transfer-encoding[ \t]*:[ \t]*(?:base64|quoted-printable)/im.test(head)) return null;
  return findSdp(type, body, { start: part.start + blank.index + blank[0].length, end: part.end }, depth + 1);
}

/** The parts between the delimiter lines (RFC 2046 §5.1.1); the line break before a delimiter belongs to the delimiter. */
function partsOf(body: string, within: Span, boundary: string): readonly Span[] {
  const delimiter = `--${boundary}`;
  const parts: Span[] = [];
  let open = -1;
  let at = body.indexOf(delimiter, within.start);
  while (at >= 0 && at < within.end) {
    const lineStart = at === within.start || body[at - 1] === "\n";
    if (lineStart) {
      if (open >= 0) parts.push({ start: open, end: Math.max(open, beforeBreak(body, at)) });
      const lineEnd = body.indexOf("\n", at);
      if (lineEnd < 0 || body.startsWith("--", at + delimiter.length)) return parts;
      open = lineEnd + 1;
    }
    at = body.indexOf(delimiter, at + delimiter.length);
  }
  return parts;
}

function beforeBreak(body: string, at: number): number {
  if (body[at - 1] !== "\n") return at;
  return body[at - 2] === "\r" ? at - 2 : at - 1;
}
