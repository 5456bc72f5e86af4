/** Character codes the grammar of RFC 3261 §25.1 gives a meaning to. */
export const CHAR = {
  tab: 9,
  lf: 10,
  cr: 13,
  space: 32,
  quote: 34,
  percent: 37,
  comma: 44,
  slash: 47,
  colon: 58,
  semicolon: 59,
  less: 60,
  equals: 61,
  greater: 62,
  question: 63,
  at: 64,
  openBracket: 91,
  backslash: 92,
  closeBracket: 93,
} as const;

// oxlint-disable-next-line typescript/unbound-method -- called with its string below
const charCodeAt = String.prototype.charCodeAt;

/**
 * Code of the character at an index, NaN beyond the end. `text.charCodeAt(at)` looks the method up by the string's hidden class, of which the engine
 * has more (sliced, joined, interned, …) than it keeps in mind: in code that sees all of them each character costs six times as much as this.
 */
export function codeAt(text: string, at: number): number {
  return charCodeAt.call(text, at);
}

function classOf(extra: string): Uint8Array {
  const table = new Uint8Array(256);
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  for (const character of letters + extra) table[codeAt(character, 0)] = 1;
  return table;
}

/** 1 for every byte that may stand in a `token` (RFC 3261 §25.1). */
export const TOKEN_CHARACTERS: Readonly<Record<number, number | undefined>> = classOf("-.!%*_+`'~");

/** True for a space or a horizontal tab. */
export function isBlank(code: number): boolean {
  return code === CHAR.space || code === CHAR.tab;
}

/** True for white space that may stand around separators, line ends of folded values included. */
export function isWhiteSpace(code: number): boolean {
  return code === CHAR.space || code === CHAR.tab || code === CHAR.cr || code === CHAR.lf;
}

/**
 * The text between two indexes without the spaces and tabs around it. Not `String.trim`: that also takes byte 0xA0, which in a latin1 string may
 * be the second half of a UTF-8 character.
 */
export function trimBlanks(text: string, start = 0, end = text.length): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(codeAt(text, from))) from++;
  while (to > from && isBlank(codeAt(text, to - 1))) to--;
  return text.slice(from, to);
}

/** True for a non-empty `token` (RFC 3261 §25.1). */
export function isToken(text: string): boolean {
  const { length } = text;
  for (let at = 0; at < length; at++) if (TOKEN_CHARACTERS[codeAt(text, at)] !== 1) return false;
  return length > 0;
}

/** True for one or more decimal digits and nothing else. */
export function isDigits(text: string): boolean {
  const { length } = text;
  for (let at = 0; at < length; at++) {
    const code = codeAt(text, at);
    if (code < 48 || code > 57) return false;
  }
  return length > 0;
}

/** A non-negative decimal number of at most `limit`, or undefined when the text is anything else. */
export function readDecimal(text: string, limit: number): number | undefined {
  const { length } = text;
  let value = 0;
  for (let at = 0; at < length; at++) {
    const digit = codeAt(text, at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    // Once above the limit it stays there: what follows is only looked at for its digits.
    if (value <= limit) value = value * 10 + digit;
  }
  return length > 0 && value <= limit ? value : undefined;
}
