import { parseSipUri } from "@tandem/sip";
import { parseIpAddress } from "../routing/ip-address.ts";
import type { LegProfile } from "./leg-profile.ts";

/** Where a response came from. */
export interface ResponseSource {
  readonly address: string;
  readonly port: number;
  readonly transport: "udp" | "tcp" | "tls";
}

/**
 * Which of the addresses that the trunk's next hop leads to is asked first by a CANCEL: it goes where its INVITE went (RFC 3261 §9.1), and that is where the response comes from, as we ask for (`rport`,
 * RFC 3581 §4). Over a connection the name alone stays: TLS needs it. Undefined: the next hop says it already, or nothing is known.
 */
export function reachedAddress({ transport, nextHop }: LegProfile, source?: ResponseSource): string | undefined {
  if (source?.transport !== "udp" || transport !== "udp") return undefined;
  const hop = parseSipUri(nextHop);
  if (hop === undefined || parseIpAddress(hop.host) !== null || parseIpAddress(source.address) === null)
    return undefined;
  return source.address;
}

/** The next hop with that address to be tried first where it is one of those that the name leads to: a gateway behind an address of several machines may answer from another than it is reached at. */
export function byAddress(nextHop: string, address: string): string {
  return `${nextHop};first=${address.includes(":") ? `[${address}]` : address}`;
}
