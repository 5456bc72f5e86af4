import { isIP } from "node:net";
import type { Transport } from "../config.ts";

/** One place a request can be sent to. */
export interface Target {
  readonly transport: Transport;
  /** IP address literal, IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
  /** The name or address it was found by: what a TLS certificate must hold (RFC 5922 §4). Lower case. */
  readonly host: string;
  /** The far end of a connection that the peer opened: that one serves as it is, whatever certificate it came with. */
  readonly flow?: true;
  /** TCP for the size of the request alone: UDP is still there. */
  readonly upgraded?: true;
}

/** What listeners can send over. */
export interface Path {
  readonly transport: Transport;
  readonly family: 4 | 6;
}

/** RFC 3261 §19.1.2. */
export function defaultPort(transport: Transport): number {
  return transport === "tls" ? 5061 : 5060;
}

/** Family of an address literal; undefined for a name. */
export function familyOf(address: string): 4 | 6 | undefined {
  const family = isIP(address);
  return family === 4 || family === 6 ? family : undefined;
}
