import { headerAddresses } from "../address/name-addr.ts";
import { decodeEscapes } from "../address/escape.ts";
import type { SipMessage } from "../message.ts";

/** One Geolocation value (RFC 6442 §4.1). */
export interface LocationReference {
  /** `value`: the location is in a body part of this message; `reference`: it is to be fetched. */
  readonly kind: "value" | "reference";
  /** The URI as written, without brackets. */
  readonly uri: string;
  /** Content-ID the `cid:` URL names (RFC 2392 §2), with angle brackets as the Content-ID header has them; undefined for a reference. */
  readonly contentId: string | undefined;
}

/** The locations a message conveys, in order. */
export function headerLocations(message: SipMessage): readonly LocationReference[] {
  return headerAddresses(message, "Geolocation").map(({ uri }) => {
    const isValue = uri.slice(0, 4).toLowerCase() === "cid:";
    return {
      kind: isValue ? "value" : "reference",
      uri,
      contentId: isValue ? `<${decodeEscapes(uri.slice(4))}>` : undefined,
    };
  });
}
