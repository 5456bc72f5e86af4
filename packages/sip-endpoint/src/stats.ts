import type { Transport } from "./config.ts";

/** A snapshot: counters since the start, gauges of this moment. Every label has a bounded set of values. */
export interface EndpointStats {
  readonly messages: readonly MessageCount[];
  /** Retransmissions we sent (requests, responses, ACKs) and retransmissions received and absorbed. */
  readonly retransmissions: { readonly sent: number; readonly received: number };
  /** Transactions alive, lingering ones included. */
  readonly transactions: Readonly<Record<TransactionKind, number>>;
  /** Messages or bytes dropped or refused, by cause. */
  readonly discarded: Readonly<Record<DiscardCause, number>>;
  /** Client transactions that ended without a response, and addresses given up for the next. */
  readonly failures: {
    readonly timeout: number;
    readonly transport: number;
    readonly tls: number;
    readonly nextAddress: number;
  };
  /** Accepted INVITEs whose ACK never came. */
  readonly ackTimeouts: number;
  /** Open stream connections. */
  readonly connections: { readonly tcp: number; readonly tls: number };
  readonly connectionsOpened: { readonly incoming: number; readonly outgoing: number };
  /** Keep-alive pings answered. */
  readonly keepAlives: number;
}

export interface MessageCount {
  readonly direction: "in" | "out";
  readonly transport: Transport;
  /** A method of a registered RFC, or `OTHER`. For responses the CSeq method. */
  readonly method: string;
  /** `request`, or the class of a response. */
  readonly kind: MessageKind;
  readonly count: number;
}

export type MessageKind = "request" | "1xx" | "2xx" | "3xx" | "4xx" | "5xx" | "6xx";

export type TransactionKind = "invite-client" | "invite-server" | "non-invite-client" | "non-invite-server";

/**
 * - `malformed`: not a SIP message, or one that may not be answered
 * - `rejected`: a malformed or unserviceable request that got a 4xx/5xx without reaching the user
 * - `stray-response`: no client transaction
 * - `stray-cancel`: answered 481
 * - `merged`: answered 482
 * - `oversize`: larger than the limits
 * - `stream-garbage`: connection closed because its bytes are no SIP
 * - `stream-timeout`: connection closed because a message did not become complete
 * - `connection-limit`: connection refused
 * - `tls-handshake`: an incoming connection that did not become a TLS one (no certificate where one is asked for, not TLS, too slow)
 * - `slow-reader`: connection closed because the peer does not read
 */
export type DiscardCause =
  | "malformed"
  | "rejected"
  | "stray-response"
  | "stray-cancel"
  | "merged"
  | "oversize"
  | "stream-garbage"
  | "stream-timeout"
  | "connection-limit"
  | "tls-handshake"
  | "slow-reader";
