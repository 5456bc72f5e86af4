import { CHAR, codeAt, isBlank } from "../characters.ts";
import { HeaderScan } from "../header-scan.ts";
import type { HeaderText } from "../header-text.ts";
import { headerId } from "../header-name.ts";
import type { HeaderLine } from "../message.ts";
import { parseMediaType } from "../values/media-type.ts";

/** One part of a multipart body: a region of the text it lies in, so that it can be passed on or replaced byte by byte. */
export class BodyPart {
  /** Headers, empty line and body as they came, without the delimiter's line end. */
  readonly raw: string;
  readonly body: string;
  /** Media type in lower case, parameters off; `text/plain` when the part names none (RFC 2046 §5.1). */
  readonly mediaType: string;
  /** Boundary parameter of a multipart part. */
  readonly boundary: string | undefined;
  /** Where `raw` and `body` start and end in the text given to `parseMultipart`. */
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
  private readonly lines: readonly HeaderText[];

  constructor(text: string, start: number, end: number) {
    this.raw = text.slice(start, end);
    const scan = new HeaderScan(this.raw, 0, undefined);
    scan.readLines(0);
    this.lines = scan.lines;
    this.body = this.raw.slice(scan.bodyStart);
    this.start = start;
    this.bodyStart = start + scan.bodyStart;
    this.end = end;
    const type = parseMediaType(this.get("Content-Type") ?? "text/plain");
    this.mediaType = type?.name ?? "application/octet-stream";
    this.boundary = type?.boundary;
  }

  get headers(): readonly HeaderLine[] {
    return this.lines.map((line): HeaderLine => [line.name, line.value]);
  }

  /** First value of a part header, any case. */
  get(name: string): string | undefined {
    const id = headerId(name);
    const lower = id >= 0 ? "" : name.toLowerCase();
    return this.lines.find((line) => line.matches(id, lower))?.value;
  }
}

/** A multipart body (RFC 2046 §5.1). */
export interface Multipart {
  readonly boundary: string;
  readonly preamble: string;
  readonly parts: readonly BodyPart[];
  readonly epilogue: string;
  /** Where the closing delimiter line starts, or the end of the text when it is missing. */
  readonly closeStart: number;
}

/** RFC 2046 §5.1.1 has 70; more is let through, but not without end. */
const MAX_BOUNDARY = 256;

/**
 * Reads a multipart body. Delimiters count at the start of a line only; line ends may be bare LF; a missing closing delimiter ends the last part
 * at the end of the text. Undefined when the boundary is unusable or never occurs.
 */
export function parseMultipart(text: string, boundary: string): Multipart | undefined {
  if (boundary === "" || boundary.length > MAX_BOUNDARY) return undefined;
  const parts: BodyPart[] = [];
  let delimiter = nextDelimiter(text, boundary, 0);
  if (delimiter === undefined) return undefined;
  const preamble = text.slice(0, delimiter.contentEnd);
  while (delimiter !== undefined && !delimiter.closes) {
    const next = nextDelimiter(text, boundary, delimiter.next);
    parts.push(new BodyPart(text, delimiter.next, Math.max(next?.contentEnd ?? text.length, delimiter.next)));
    delimiter = next;
  }
  return {
    boundary,
    preamble,
    parts,
    epilogue: delimiter === undefined ? "" : text.slice(delimiter.next),
    closeStart: delimiter?.start ?? text.length,
  };
}

interface Delimiter {
  /** End of what stands before: the line end in front of the delimiter belongs to it (RFC 2046 §5.1.1). */
  readonly contentEnd: number;
  readonly start: number;
  readonly next: number;
  readonly closes: boolean;
}

function nextDelimiter(text: string, boundary: string, from: number): Delimiter | undefined {
  const mark = `--${boundary}`;
  let start = text.indexOf(mark, from);
  while (start >= 0) {
    const delimiter = delimiterAt(text, start, start + mark.length);
    if (delimiter !== undefined) return delimiter;
    start = text.indexOf(mark, start + mark.length);
  }
  return undefined;
}

function delimiterAt(text: string, start: number, afterMark: number): Delimiter | undefined {
  if (start > 0 && codeAt(text, start - 1) !== CHAR.lf) return undefined;
  const closes = text.startsWith("--", afterMark);
  let at = closes ? afterMark + 2 : afterMark;
  while (isBlank(codeAt(text, at))) at++;
  if (codeAt(text, at) === CHAR.cr) at++;
  // A boundary that only begins like ours is part of the content.
  if (at < text.length && codeAt(text, at) !== CHAR.lf) return undefined;
  const crlf = start > 1 && codeAt(text, start - 2) === CHAR.cr;
  return { contentEnd: Math.max(start - (crlf ? 2 : 1), 0), start, next: Math.min(at + 1, text.length), closes };
}
