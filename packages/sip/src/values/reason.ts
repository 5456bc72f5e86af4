import { readDecimal } from "../characters.ts";
import type { SipMessage } from "../message.ts";
import { Cursor } from "./cursor.ts";
import { headerValues } from "./list.ts";
import { getParameter, parseParameters } from "./parameters.ts";

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
