import type { CallerArrival } from "./caller-arrival.ts";
import type { Exchange, OwedBye, Unacked } from "./exchange.ts";
import type { AttemptFacts, CallFacts } from "./facts.ts";
import type { Hunt, PassedRefer, Transfer, WaitingInvite } from "./hunt.ts";
import type { Party } from "./party.ts";
import type { DeskLink } from "./security-desk.ts";
import type { ToldLocation } from "./told-location.ts";

/**
 * The record of one call: everything any worker needs to serve the next message. Plain JSON data (no functions, no undefined values that
 * matter), so `JSON.parse(JSON.stringify(call))` is the same call. Only `transition` changes it, and only on a copy.
 */
export interface Call {
  /** Version of this shape; a worker that does not know it leaves the record alone. */
  readonly v: 1;
  readonly id: string;
  phase: CallPhase;
  readonly createdMs: number;
  /** Last number given to a party (`b1`, `b2`, `a3`…); never reused, so that no tag or Call-ID is. */
  partySerial: number;
  /** Last number given to an exchange (`x1`, `x2`…). */
  exchangeSerial: number;
  parties: Party[];
  exchanges: Exchange[];
  /** 2xx we sent to an INVITE whose ACK has not come. */
  unacked: Unacked[];
  /** A search for somebody who answers: the call's setup, or a transfer acted upon. */
  hunt: Hunt | null;
  /** The caller's INVITE while it waits for its final response. */
  caller: WaitingInvite | null;
  /** Ways by which the caller's INVITE came after the one the call is named by, in order: it is answered by the last, and by none of the others any more. */
  ways: string[];
  /** The caller's INVITE for another edge to go on with, while the caller waits for its answer or the answer for its ACK. Null: it came over a connection, or is over. */
  arrival: CallerArrival | null;
  transfer: Transfer | null;
  /** REFERs passed on: their CSeq numbers on both legs, which name the subscriptions (RFC 3515 §2.4.6). The last few. */
  refers: PassedRefer[];
  /** Trunks whose limit lease this call holds. */
  reserved: string[];
  /** BYEs that wait until the ACK of our 2xx came (RFC 3261 §15). */
  owedByes: OwedBye[];
  /** When an ending call's record goes even if a peer stays silent. 0 until the call ends. */
  endByMs: number;
  /** When an established call is looked at again although nothing came (in-dialog OPTIONS, RFC 5057). */
  auditAtMs: number;
  /** Set on an emergency call that a security desk is to hear. */
  desk: DeskLink | null;
  /** Set on an emergency call. Personal data, in no detail record. */
  toldLocation: ToldLocation | null;
  facts: CallFacts;
  attempts: AttemptFacts[];
  /** Compact ladder lines; `ladder` reads them. */
  ladder: string[];
}

/**
 * `new` until the INVITE event; `setup` until an answer is accepted; `up` from the answer on; `ending` while a BYE waits for its answer;
 * `over` with the `finish` effect.
 */
export type CallPhase = "new" | "setup" | "up" | "ending" | "over";
