import { CHAR, codeAt } from "../characters.ts";

const UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";

/** What may stand unescaped in the places of a SIP URI (RFC 3261 §25.1). */
const ALLOWED = {
  user: `${UNRESERVED}&=+$,;?/`,
  parameter: `${UNRESERVED}[]/:&+$`,
  header: `${UNRESERVED}[]/?:+$`,
} as const;

/** Characters whose escaped form means something else than the plain one (RFC 3261 §19.1.4), and `%`, which would start an escape. */
const KEPT_ESCAPES = ";/?:@&=+$,%";

/** Value of the hex digit, or -1. */
function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Byte of the escape `%HH` at `at`, or -1 when none is there. */
function escapedByte(text: string, at: number): number {
  if (codeAt(text, at) !== CHAR.percent) return -1;
  const high = hexValue(codeAt(text, at + 1));
  const low = hexValue(codeAt(text, at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** The text with every `%HH` as the byte it stands for; a `%` that starts no escape stays (latin1 in, latin1 out). */
export function decodeEscapes(text: string): string {
  if (!text.includes("%")) return text;
  return mapEscapes(text, (byte) => String.fromCharCode(byte));
}

/** The text with needless escapes resolved and the others in upper case, so that equal URIs have equal texts (RFC 3261 §19.1.4). */
export function canonicalEscapes(text: string): string {
  if (!text.includes("%")) return text;
  return mapEscapes(text, (byte) => {
    const character = String.fromCharCode(byte);
    return KEPT_ESCAPES.includes(character) ? `%${byte.toString(16).toUpperCase().padStart(2, "0")}` : character;
  });
}

/** The text with everything escaped that may not stand as it is in that place of a SIP URI. */
export function encodeEscapes(text: string, place: "user" | "parameter" | "header"): string {
  const allowed = ALLOWED[place];
  let out = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    const code = codeAt(text, at) & 0xff;
    out += allowed.includes(character) ? character : `%${code.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

function mapEscapes(text: string, map: (byte: number) => string): string {
  let out = "";
  let from = 0;
  let at = text.indexOf("%");
  while (at >= 0) {
    const byte = escapedByte(text, at);
    const next = byte < 0 ? at + 1 : at + 3;
    out += byte < 0 ? text.slice(from, next) : text.slice(from, at) + map(byte);
    from = next;
    at = text.indexOf("%", next);
  }
  return out + text.slice(from);
}
