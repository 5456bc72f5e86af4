import type { HeaderLine, SipMessage } from "@tandem/sip";

/** Where a datagram came from or goes to. */
export interface PeerAddressOf {
  readonly address: string;
  readonly port: number;
}

/** A message as it arrived. */
export interface Arrived {
  readonly message: SipMessage;
  /** The datagram as latin1 text. */
  readonly text: string;
  readonly from: PeerAddressOf;
}

export interface PeerOptions {
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Longest wait of `expect`, milliseconds. Default 15 000: a busy machine pauses for seconds. */
  readonly patienceMs?: number;
  /** User part of the peer's URI. Default `peer`. */
  readonly user?: string;
  /** Default udp. Over TCP it listens, too, and each message goes by the connection that leads to where it shall go, or by a new one. */
  readonly transport?: "udp" | "tcp";
}

export interface RequestOptions {
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  /** Request-URI; default made from the destination. */
  readonly uri?: string;
  readonly callId?: string;
  readonly fromTag?: string;
  readonly cseq?: number;
}

export interface ReplyOptions {
  readonly headers?: readonly HeaderLine[];
  readonly body?: string;
  readonly reason?: string;
  /** Default: one tag per Call-ID. */
  readonly toTag?: string;
  /** Add Contact (default: to 101–299 of INVITE and SUBSCRIBE). */
  readonly contact?: boolean;
}
