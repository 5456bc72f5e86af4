import { CHAR, isBlank } from "./characters.ts";

/**
 * The `tag` parameter of a From or To value (RFC 3261 §19.3), looked for only outside quoted strings and angle brackets. Undefined when there is
 * none. Name case-insensitive, value as written.
 */
export function readTag(value: string): string | undefined {
  const length = value.length;
  let at = 0;
  while (at < length) {
    const code = value.charCodeAt(at);
    if (code === CHAR.quote) at = skipQuoted(value, at);
    else if (code === CHAR.less) at = skipBracket(value, at);
    else if (code === CHAR.semicolon) {
      const tag = tagAt(value, at + 1);
      if (tag !== undefined) return tag;
      at++;
    } else at++;
  }
  return undefined;
}

/** Index after the quoted string that opens at `at`; the end of the text when it never closes. */
export function skipQuoted(text: string, at: number): number {
  let next = at + 1;
  while (next < text.length) {
    const code = text.charCodeAt(next);
    if (code === CHAR.quote) return next + 1;
    next += code === CHAR.backslash ? 2 : 1;
  }
  return text.length;
}

/** Index after the `<…>` that opens at `at`; the end of the text when it never closes. */
export function skipBracket(text: string, at: number): number {
  const close = text.indexOf(">", at);
  return close < 0 ? text.length : close + 1;
}

function tagAt(value: string, from: number): string | undefined {
  let at = skipBlanks(value, from);
  const isTag =
    (value.charCodeAt(at) | 32) === 116 &&
    (value.charCodeAt(at + 1) | 32) === 97 &&
    (value.charCodeAt(at + 2) | 32) === 103;
  if (!isTag) return undefined;
  at = skipBlanks(value, at + 3);
  if (value.charCodeAt(at) !== CHAR.equals) return undefined;
  at = skipBlanks(value, at + 1);
  let end = at;
  while (end < value.length) {
    const code = value.charCodeAt(end);
    if (code === CHAR.semicolon || code === CHAR.comma || isBlank(code)) break;
    end++;
  }
  return end > at ? value.slice(at, end) : undefined;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}
