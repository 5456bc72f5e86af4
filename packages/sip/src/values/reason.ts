import { CHAR, codeAt, readDecimal } from "../characters.ts";
import type { SipMessage } from "../message.ts";
import { Cursor } from "./cursor.ts";
import { headerValues } from "./list.ts";
import { getParameter, parseParameters } from "./parameters.ts";
import { quote } from "./quoted-string.ts";

/** One Reason value (RFC 3326). */
export interface Reason {
  /** As written: `SIP`, `Q.850`, `emergency`, … */
  readonly protocol: string;
  readonly cause: number | undefined;
  /** Unquoted. */
  readonly text: string | undefined;
}

/** Reads one Reason value. */
export function parseReason(value: string): Reason | undefined {
  const cursor = new Cursor(value);
  cursor.skipBlanks();
  const protocol = cursor.token();
  const params = parseParameters(value, cursor.at);
  if (protocol === "" || params === undefined) return undefined;
  const cause = getParameter(params, "cause");
  return {
    protocol,
    cause: cause === undefined ? undefined : readDecimal(cause, 65_535),
    text: getParameter(params, "text"),
  };
}

/** Every readable Reason of a message, in order: RFC 3326 §2 allows one per protocol, RFC 9366 several of one. */
export function headerReasons(message: SipMessage): readonly Reason[] {
  return headerValues(message, "Reason").flatMap((value) => parseReason(value) ?? []);
}

/** A Reason value as text. */
export function formatReason(reason: Reason): string {
  const cause = reason.cause === undefined ? "" : `;cause=${reason.cause}`;
  return `${reason.protocol}${cause}${reason.text === undefined ? "" : `;text=${quote(reason.text)}`}`;
}

/** A Retry-After value (RFC 3261 §20.33). */
export interface RetryAfter {
  readonly seconds: number;
  /** How long the callee will be there from then on. */
  readonly durationSeconds: number | undefined;
}

/** Reads Retry-After: seconds, an optional comment in parentheses, parameters. */
export function parseRetryAfter(value: string): RetryAfter | undefined {
  const cursor = new Cursor(value);
  cursor.skipBlanks();
  const seconds = readDecimal(cursor.token(), 4_294_967_295);
  cursor.skipBlanks();
  const afterComment = skipComment(value, cursor.at);
  const params = afterComment === undefined ? undefined : parseParameters(value, afterComment);
  if (seconds === undefined || params === undefined) return undefined;
  const duration = getParameter(params, "duration");
  return { seconds, durationSeconds: duration === undefined ? undefined : readDecimal(duration, 4_294_967_295) };
}

const OPEN_PARENTHESIS = 40;
const CLOSE_PARENTHESIS = 41;

/** Index after the comment at `from` (comments nest, RFC 3261 §25.1), `from` when there is none, undefined when it never closes. */
function skipComment(text: string, from: number): number | undefined {
  if (codeAt(text, from) !== OPEN_PARENTHESIS) return from;
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const code = codeAt(text, at);
    if (code === CHAR.backslash) at++;
    else if (code === OPEN_PARENTHESIS) depth++;
    else if (code === CLOSE_PARENTHESIS && --depth === 0) return at + 1;
  }
  return undefined;
}
