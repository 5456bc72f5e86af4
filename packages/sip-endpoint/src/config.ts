import type { TimerSettings } from "@tandem/sip";
import type { Clock } from "./timers/clock.ts";
import type { DatagramNetwork } from "./transport/datagram-network.ts";
import type { Resolver } from "./next-hop/resolver.ts";

export type Transport = "udp" | "tcp" | "tls";

/** What `createEndpoint` is given. Everything but the listeners has a default. */
export interface EndpointConfig {
  /** At least one; names are unique. */
  readonly listeners: readonly ListenerConfig[];
  /** RFC 3261 T1, T2, T4 in milliseconds; default 500, 4 000, 5 000. */
  readonly timers?: Partial<TimerSettings>;
  /** 100 Trying goes out if an INVITE got no other response within this time, milliseconds; 0 (default): at once. */
  readonly tryingAfterMs?: number;
  readonly limits?: Partial<EndpointLimits>;
  /** What to do with a request over UDP of more than `limits.udpRequestBytes` (RFC 3261 §18.1.1). Default `ephemeral`. */
  readonly largeRequests?: LargeRequestPolicy;
  /** Value of the Server header of responses that the endpoint makes itself; default none. */
  readonly server?: string;
  /** Default: node:dns with a cache. */
  readonly resolver?: Resolver;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** UDP sockets; default: the system's. */
  readonly datagrams?: DatagramNetwork;
  /** Measure how long datagrams wait before they are read (`Endpoint.receiveWaitMs`). Default false. */
  readonly measureWait?: boolean;
  /**
   * Sees every message that goes over a socket of this endpoint, retransmissions and the endpoint's own responses (100, ACK, CANCEL, 487)
   * included: for ladders and debugging. Default: nobody, and nothing is spent on it.
   */
  readonly trace?: (message: TracedMessage) => void;
  /** Default: silent. A pino logger fits. Messages are static; the fields hold no personal data. */
  readonly log?: EndpointLog;
}

/** One message as it went over the socket. */
export interface TracedMessage {
  readonly direction: "sent" | "received";
  /** Clock time, milliseconds since the epoch. */
  readonly atMs: number;
  /** The whole message, one character per byte. */
  readonly text: string;
  readonly transport: Transport;
  /** The peer's address and port. */
  readonly address: string;
  readonly port: number;
  /** Our own end of it; for UDP the address bound, which may be a wildcard. */
  readonly localAddress: string;
  readonly localPort: number;
}

/**
 * - `listener`: over TCP from a TCP listener on the same address, else UDP all the same
 * - `ephemeral`: as `listener`, and without such a listener over a TCP connection of its own
 * - `udp`: always UDP
 */
export type LargeRequestPolicy = "listener" | "ephemeral" | "udp";

export interface ListenerConfig {
  readonly name: string;
  readonly transport: Transport;
  /** Local IP address to bind; `0.0.0.0` or `::` for all. */
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  /** Host (name or address) in Via; default the bound address. Needed with a wildcard bind. */
  readonly advertisedAddress?: string;
  /** Port in Via; default the bound port. */
  readonly advertisedPort?: number;
  /** Required when the transport is `tls`. */
  readonly tls?: ListenerTls;
}

export interface ListenerTls {
  /** PEM certificate chain, used as server and as client. */
  readonly certificate: string;
  /** PEM private key. */
  readonly key: string;
  /** PEM certificate authorities that peers must be signed by; default: the system's. */
  readonly ca?: string;
  /** Ask connecting peers for a certificate and refuse those without one that verifies. */
  readonly mutual: boolean;
  /**
   * Verify the certificate and name of peers that we connect to. Default true. False makes a connection encrypted but not
   * authenticated; it is then reused for every request to that address.
   */
  readonly verifyServers?: boolean;
  /** Accept `*.example.com` in a peer's certificate. Default false: RFC 5922 §7.2 forbids it. */
  readonly wildcardNames?: boolean;
}

export interface BoundListener {
  readonly name: string;
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
  readonly advertisedAddress: string;
  readonly advertisedPort: number;
}

export interface EndpointLimits {
  /** Largest message accepted, bytes. Default 65 535. */
  readonly messageBytes: number;
  /** Most header lines. Default 256. */
  readonly headerLines: number;
  /** Largest request sent over UDP. Default 1 300. */
  readonly udpRequestBytes: number;
  /** Wanted UDP socket buffers, bytes; the system may give less. Default 4 MiB. */
  readonly udpBufferBytes: number;
  /** Open connections of all stream listeners together, unfinished TLS handshakes included. Default 10 000. */
  readonly connections: number;
  /** Time to connect, TLS handshake included. Default 4 000 ms. */
  readonly connectTimeoutMs: number;
  /** A message begun on a stream must be complete within this time. Default 10 000 ms. */
  readonly partialMessageMs: number;
  /** A new connection must bring its first message or keep-alive within this time. Default 30 000 ms. */
  readonly firstMessageMs: number;
  /** A connection with no traffic and no transaction is closed after this time. Default 600 000 ms. */
  readonly idleMs: number;
  /** Bytes waiting to be read by a peer before its connection is given up. Default 4 MiB. */
  readonly sendQueueBytes: number;
}

/** The defaults of `EndpointLimits`. */
export const DEFAULT_LIMITS: EndpointLimits = {
  messageBytes: 65_535,
  headerLines: 256,
  udpRequestBytes: 1_300,
  udpBufferBytes: 4 * 1_024 * 1_024,
  connections: 10_000,
  connectTimeoutMs: 4_000,
  partialMessageMs: 10_000,
  firstMessageMs: 30_000,
  idleMs: 600_000,
  sendQueueBytes: 4 * 1_024 * 1_024,
};

/** The part of a logger that the endpoint uses. */
export interface EndpointLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}
