import { CHAR, codeAt, trimBlanks } from "../characters.ts";
import type { SipMessage } from "../message.ts";
import { skipEnclosed } from "./cursor.ts";

/** Elements of a comma-separated value, trimmed; commas in quoted strings and angle brackets do not count. Empty elements are left out. */
export function splitList(value: string): readonly string[] {
  const elements: string[] = [];
  const { length } = value;
  let start = 0;
  let at = 0;
  while (at < length) {
    const code = codeAt(value, at);
    if (code !== CHAR.comma) {
      at = code === CHAR.quote || code === CHAR.less ? skipEnclosed(value, at) : at + 1;
      continue;
    }
    push(elements, value.slice(start, at));
    start = ++at;
  }
  push(elements, value.slice(start));
  return elements;
}

/** First element of a comma-separated value, empty when there is none. */
export function firstOfList(value: string): string {
  if (!value.includes(",")) return trimBlanks(value);
  return splitList(value)[0] ?? "";
}

/** All elements of a list header (Supported, Require, Allow, Route, …), over all its lines, in order (RFC 3261 §7.3.1). */
export function headerValues(message: SipMessage, name: string): readonly string[] {
  const lines = message.getAll(name);
  if (lines.length === 1 && lines[0] !== undefined) return splitList(lines[0]);
  return lines.flatMap((line) => splitList(line));
}

/** True when a list header such as Supported, Require or Allow holds the token, in any case. */
export function hasToken(message: SipMessage, name: string, token: string): boolean {
  const lower = token.toLowerCase();
  return headerValues(message, name).some((each) => each.toLowerCase() === lower);
}

function push(elements: string[], element: string): void {
  const trimmed = trimBlanks(element);
  if (trimmed !== "") elements.push(trimmed);
}
