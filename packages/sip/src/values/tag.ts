import { CHAR, codeAt, isBlank } from "../characters.ts";
import { quotedEnd, skipEnclosed } from "./cursor.ts";

/**
 * The `tag` parameter of a From or To value (RFC 3261 §19.3), looked for only outside quoted strings and angle brackets. Undefined when there is
 * none.
 */
export function readTag(value: string): string | undefined {
  return readParameter(value, "tag");
}

/**
 * One parameter of a header value without reading the others. `name` in lower case; matched case-insensitively. The value is as written. A quote that
 * never closes hides nothing.
 * Undefined when the parameter is absent or has no value.
 */
export function readParameter(value: string, name: string): string | undefined {
  const length = value.length;
  let at = 0;
  // One that follows a quote which never closes is escaped, and closes neither: each is looked for only once.
  let unclosed = false;
  while (at < length) {
    const code = codeAt(value, at);
    if (code === CHAR.quote) {
      const end: number = unclosed ? -1 : quotedEnd(value, at);
      unclosed = end < 0;
      at = unclosed ? at + 1 : end;
    } else if (code === CHAR.less) at = skipEnclosed(value, at);
    else if (code === CHAR.semicolon) {
      const found = valueAt(value, at + 1, name);
      if (found !== undefined) return found;
      at++;
    } else at++;
  }
  return undefined;
}

function valueAt(value: string, from: number, name: string): string | undefined {
  let at = skipBlanks(value, from);
  for (let index = 0; index < name.length; index++, at++) {
    if (lowerCased(codeAt(value, at)) !== codeAt(name, index)) return undefined;
  }
  at = skipBlanks(value, at);
  if (codeAt(value, at) !== CHAR.equals) return undefined;
  at = skipBlanks(value, at + 1);
  if (codeAt(value, at) === CHAR.quote) {
    const end = quotedEnd(value, at);
    return end < 0 ? undefined : value.slice(at, end);
  }
  const { length } = value;
  let end = at;
  while (end < length) {
    const code = codeAt(value, end);
    if (code === CHAR.semicolon || code === CHAR.comma || isBlank(code)) break;
    end++;
  }
  return end > at ? value.slice(at, end) : undefined;
}

function lowerCased(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(codeAt(text, at))) at++;
  return at;
}
