import { CHAR, TOKEN_CHARACTERS, codeAt, isBlank } from "./characters.ts";
import { hashStep, headerIdAt } from "./header-name.ts";
import { HeaderText } from "./header-text.ts";
import type { ParseFailureReason } from "./parse-failure.ts";

/** Limits on what is read; sizes in bytes. */
export interface ParseOptions {
  /** Whole message. Default 262144. */
  readonly maxBytes?: number;
  /** One header line with its folds, or the start line. Default 16384. */
  readonly maxLineLength?: number;
  /** Header lines. Default 512. */
  readonly maxHeaders?: number;
}

export const DEFAULT_LIMITS = { maxBytes: 262_144, maxLineLength: 16_384, maxHeaders: 512 } as const;

/**
 * The one pass over a block of header lines: of a message or of a body part. It goes on after a bad line, so that what is readable can be used,
 * and keeps the first failure. Line ends may be CRLF or bare LF (a deviation from RFC 3261 §7 that costs nothing: such a line is written back with
 * CRLF); a CR anywhere else is a failure, because others may take it for a line end.
 */
export class HeaderScan {
  readonly lines: HeaderText[] = [];
  failure: ParseFailureReason | undefined = undefined;
  /** Where the body starts; the end of the text while no empty line was found. */
  bodyStart: number;
  readonly maxLineLength: number;
  private readonly text: string;
  private readonly maxHeaders: number;
  private nextCr: number;
  /** The line being read has a CR inside, so it must not be passed on in an answer. */
  private strayCr = false;

  constructor(text: string, from: number, options: ParseOptions | undefined) {
    this.text = text;
    this.bodyStart = text.length;
    this.maxLineLength = options?.maxLineLength ?? DEFAULT_LIMITS.maxLineLength;
    this.maxHeaders = options?.maxHeaders ?? DEFAULT_LIMITS.maxHeaders;
    this.nextCr = text.indexOf("\r", from);
  }

  fail(reason: ParseFailureReason): void {
    this.failure ??= reason;
  }

  /** Reads header lines from `from` to the empty line. */
  readLines(from: number): void {
    const { text } = this;
    let at = from;
    while (at < text.length) {
      let lf = text.indexOf("\n", at);
      if (lf < 0) break;
      this.strayCr = false;
      let end = this.contentEnd(lf);
      if (end === at) {
        this.bodyStart = lf + 1;
        return;
      }
      let folded = false;
      // RFC 3261 §7.3.1: a line that starts with a blank continues the one before.
      while (isBlank(codeAt(text, lf + 1))) {
        const nextLf = text.indexOf("\n", lf + 1);
        if (nextLf < 0) break;
        folded = true;
        lf = nextLf;
        end = this.contentEnd(lf);
      }
      this.readLine(at, end, lf + 1, folded);
      at = lf + 1;
    }
    this.fail("truncated");
  }

  /** Where the content of the line ending at this LF ends. */
  contentEnd(lf: number): number {
    const cr = this.nextCr;
    if (cr < 0 || cr > lf) return lf;
    if (cr !== lf - 1) {
      this.strayCr = true;
      this.fail("bad-line-end");
    }
    this.nextCr = this.text.indexOf("\r", lf);
    return cr === lf - 1 ? cr : lf;
  }

  private readLine(start: number, end: number, next: number, folded: boolean): void {
    const { text } = this;
    if (this.strayCr) return;
    if (end - start > this.maxLineLength) return this.fail("header-line-too-long");
    let at = start;
    let hash = 0;
    let code = codeAt(text, at);
    while (TOKEN_CHARACTERS[code] === 1) {
      hash = hashStep(hash, code);
      code = codeAt(text, ++at);
    }
    const nameEnd = at;
    // RFC 3261 §7.3.1 allows blanks before the colon.
    while (isBlank(code)) code = codeAt(text, ++at);
    if (code !== CHAR.colon || nameEnd === start) return this.fail("bad-header-line");
    if (this.lines.length >= this.maxHeaders) return this.fail("too-many-headers");
    const id = headerIdAt(text, start, nameEnd, hash);
    const crlf = next - end === 2;
    this.lines.push(
      new HeaderText(text, { id, start, nameEnd, valueStart: at + 1, end, next: crlf ? next : end, folded }),
    );
  }
}
