import type { OwnAnswer } from "./edge-counters.ts";

/** Counters since the start and gauges of this moment. */
export interface DrachtioServerStats {
  /** Applications connected and authenticated. */
  readonly applications: number;
  /** Requests from the network waiting for an answer, requests of applications waiting for one, requests being proxied. */
  readonly waiting: { readonly incoming: number; readonly outgoing: number; readonly proxied: number };
  /** INVITEs from the network answered with 2xx whose ACK has not come. */
  readonly unacknowledged: number;
  /** Transactions of emergency calls that are set up: INVITEs of either side without a final response, and those answered whose ACK has not come. */
  readonly held: number;
  /** Frames of applications, refused ones included. */
  readonly frames: { readonly received: number; readonly sent: number };
  /** Connections that ended, by reason. */
  readonly losses: Readonly<Record<string, number>>;
  /** Requests offered again because their application was lost. */
  readonly redelivered: number;
  /** Requests the edge answered because no application did. */
  readonly ownAnswers: readonly { readonly reason: OwnAnswer; readonly method: string; readonly count: number }[];
  /**
   * Client INVITEs of lost applications: gone on with by another, cancelled while pending, or acknowledged and ended after their answer; and INVITEs of
   * another edge that this one goes on with.
   */
  readonly orphans: {
    readonly taken: number;
    readonly cancelled: number;
    readonly ended: number;
    readonly adopted: number;
  };
  /** Missing ACKs told to an application. */
  readonly ackTimeouts: number;
  /** SIP messages of applications that could not be read. */
  readonly unreadable: number;
}
