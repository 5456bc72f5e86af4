import { CHAR, TOKEN_CHARACTERS, codeAt, isBlank } from "../characters.ts";

/** A reading position in one header value. Every method is linear in what it consumes and never goes past the end. */
export class Cursor {
  readonly text: string;
  at: number;

  constructor(text: string, at = 0) {
    this.text = text;
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** Code of the character here; NaN at the end. */
  get code(): number {
    return codeAt(this.text, this.at);
  }

  skipBlanks(): void {
    while (isBlank(codeAt(this.text, this.at))) this.at++;
  }

  /** Consumes this separator and the blanks around it; false, with only blanks consumed, when it is not here. */
  eat(code: number): boolean {
    this.skipBlanks();
    if (codeAt(this.text, this.at) !== code) return false;
    this.at++;
    this.skipBlanks();
    return true;
  }

  /** The token here, possibly empty. */
  token(): string {
    const start = this.at;
    while (TOKEN_CHARACTERS[codeAt(this.text, this.at)] === 1) this.at++;
    return this.text.slice(start, this.at);
  }

  /** The quoted string here with its quotes; undefined when it never closes. */
  quoted(): string | undefined {
    const start = this.at;
    const end = quotedEnd(this.text, start);
    if (end < 0) return undefined;
    this.at = end;
    return this.text.slice(start, end);
  }
}

/** Index after the quoted string that opens at `at`, or -1 when it never closes. A backslash hides the next character (RFC 3261 §25.1). */
export function quotedEnd(text: string, at: number): number {
  const { length } = text;
  let next = at + 1;
  while (next < length) {
    const code = codeAt(text, next);
    if (code === CHAR.quote) return next + 1;
    next += code === CHAR.backslash ? 2 : 1;
  }
  return -1;
}

/** Index after the quoted string or `<…>` that opens at `at`; the end of the text when it never closes; `at + 1` for anything else. */
export function skipEnclosed(text: string, at: number): number {
  const code = codeAt(text, at);
  if (code === CHAR.quote) {
    const end = quotedEnd(text, at);
    return end < 0 ? text.length : end;
  }
  if (code === CHAR.less) {
    const close = text.indexOf(">", at);
    return close < 0 ? text.length : close + 1;
  }
  return at + 1;
}
