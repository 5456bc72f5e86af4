import { uriHeader, parseUri } from "../address/uri.ts";
import { headerAddresses, type NameAddr } from "../address/name-addr.ts";
import { CHAR, readDecimal } from "../characters.ts";
import type { SipMessage } from "../message.ts";
import { splitAt } from "./list.ts";
import { getParameter } from "./parameters.ts";
import { parseReason, type Reason } from "./reason.ts";

/** One Diversion value (RFC 5806). */
export interface Diversion {
  readonly address: NameAddr;
  /** Lower case: `user-busy`, `no-answer`, `unconditional`, … */
  readonly reason: string | undefined;
  /** How many diversions this entry stands for; 1 when absent. */
  readonly counter: number;
  readonly privacy: string | undefined;
}

/** The diversions of a message, the last one first, as the RFC puts them. */
export function headerDiversions(message: SipMessage): readonly Diversion[] {
  return headerAddresses(message, "Diversion").map((address) => ({
    address,
    reason: getParameter(address.params, "reason")?.toLowerCase(),
    counter: readDecimal(getParameter(address.params, "counter") ?? "1", 65_535) ?? 1,
    privacy: getParameter(address.params, "privacy")?.toLowerCase(),
  }));
}

/** One History-Info entry (RFC 7044). */
export interface HistoryEntry {
  readonly address: NameAddr;
  /** `1`, `1.1`, …; empty when missing. */
  readonly index: string;
  /** Why this target was left: the Reason in the URI's headers (RFC 7044 §5). */
  readonly reason: Reason | undefined;
  /** Privacy in the URI's headers. */
  readonly privacy: string | undefined;
}

/** The history of a message, oldest first. */
export function headerHistory(message: SipMessage): readonly HistoryEntry[] {
  return headerAddresses(message, "History-Info").map((address) => {
    const uri = parseUri(address.uri);
    const reason = uri === undefined ? undefined : uriHeader(uri, "Reason");
    return {
      address,
      index: getParameter(address.params, "index") ?? "",
      reason: reason === undefined ? undefined : parseReason(reason),
      privacy: uri === undefined ? undefined : uriHeader(uri, "Privacy"),
    };
  });
}

/** The privacy values asked for (RFC 3323 §4.2: separated by semicolons), lower case: `id`, `header`, `critical`, … */
export function headerPrivacy(message: SipMessage): readonly string[] {
  return message.getAll("Privacy").flatMap((value) => splitAt(value, CHAR.semicolon).map((each) => each.toLowerCase()));
}
