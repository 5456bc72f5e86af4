import { CHAR, codeAt, isWhiteSpace, trimBlanks } from "./characters.ts";
import { headerId } from "./header-name.ts";

/** Where a header line lies in its text. `end` is after the value, `next` after the line's CRLF (`end` again if it ended otherwise). */
export interface HeaderSpan {
  readonly id: number;
  readonly start: number;
  readonly nameEnd: number;
  readonly valueStart: number;
  readonly end: number;
  readonly next: number;
  readonly folded: boolean;
}

/**
 * One header line as a region of a text. Name and value are cut out when first asked for; a line nobody reads is never copied, and
 * a line nobody edits is written back from the text it came from.
 */
export class HeaderText {
  readonly id: number;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly next: number;
  private readonly nameEnd: number;
  private readonly valueStart: number;
  private readonly folded: boolean;
  private cachedValue: string | undefined = undefined;

  constructor(text: string, span: HeaderSpan) {
    this.text = text;
    this.id = span.id;
    this.start = span.start;
    this.nameEnd = span.nameEnd;
    this.valueStart = span.valueStart;
    this.end = span.end;
    this.next = span.next;
    this.folded = span.folded;
  }

  /** The name as written. */
  get name(): string {
    return this.text.slice(this.start, this.nameEnd);
  }

  /** The value, unfolded (RFC 3261 §7.3.1) and trimmed. */
  get value(): string {
    if (this.cachedValue === undefined) {
      this.cachedValue = this.folded
        ? unfold(this.text, this.valueStart, this.end)
        : trimBlanks(this.text, this.valueStart, this.end);
    }
    return this.cachedValue;
  }

  /** True when this line has the interned id, or, for a name outside the table (`id` negative), the lower-case name. */
  matches(id: number, lowerName: string): boolean {
    if (id >= 0) return this.id === id;
    return this.id < 0 && this.nameEnd - this.start === lowerName.length && this.name.toLowerCase() === lowerName;
  }
}

/** A header line made from a name and a value. Line breaks in either become a space, so that no value can start a header of its own. */
export function makeHeader(name: string, value: string): HeaderText {
  const safeName = withoutLineBreaks(name);
  const safeValue = withoutLineBreaks(value);
  const text = `${safeName}: ${safeValue}\r\n`;
  return new HeaderText(text, {
    id: headerId(safeName),
    start: 0,
    nameEnd: safeName.length,
    valueStart: safeName.length + 2,
    end: text.length - 2,
    next: text.length,
    folded: false,
  });
}

/** The text with every run of CR and LF (and blanks around it) replaced by one space. */
export function withoutLineBreaks(text: string): string {
  if (!text.includes("\n") && !text.includes("\r")) return text;
  return unfold(text, 0, text.length);
}

function unfold(text: string, start: number, end: number): string {
  let value = "";
  let from = start;
  let at = start;
  while (at < end) {
    const code = codeAt(text, at);
    if (code !== CHAR.cr && code !== CHAR.lf) {
      at++;
      continue;
    }
    const piece = trimBlanks(text, from, at);
    if (piece !== "") value = value === "" ? piece : `${value} ${piece}`;
    while (at < end && isWhiteSpace(codeAt(text, at))) at++;
    from = at;
  }
  const last = trimBlanks(text, from, end);
  if (last === "") return value;
  return value === "" ? last : `${value} ${last}`;
}
