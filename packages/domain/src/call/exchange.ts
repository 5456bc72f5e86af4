import type { HeaderLine } from "@tandem/sip";
import type { ExchangeId, TransactionId } from "./event.ts";
import type { DialogId, PartyId } from "./identity.ts";
import type { StoredResponse } from "./party.ts";

/** A request of ours that waits for its final response. */
export interface Exchange {
  readonly id: ExchangeId;
  readonly party: PartyId;
  /** Null for the INVITE that makes the party. */
  readonly dialog: DialogId | null;
  readonly method: string;
  readonly cseq: number;
  readonly sentMs: number;
  readonly purpose: Purpose;
  /** INVITE: CANCEL was sent; a 2xx that crosses it is ACKed and ended. */
  cancelled: boolean;
  /** SDP of the other leg that went out as our offer; empty when there was none. */
  readonly offered: string;
  /** INVITE that makes a party: the edge by which its peer was reached, or else the one that was lost with it. Absent: not known. */
  edge?: string;
  /** What the peer knows that INVITE by (RFC 3261 §17.2.3): branch and sent-by of its Via. Absent: nothing was heard of it. */
  via?: { readonly branch: string; readonly sentBy: string };
  /** The address its peer was heard from, where the gateway is reached by a name. Absent: by an address, over a connection, or not known. */
  reached?: string;
  /** Its edge is gone and the attempt began anew: nobody tells how it ends. */
  readonly orphan?: boolean;
}

/** Why we sent it, hence what to do with the answer. */
export type Purpose =
  | { readonly kind: "attempt" }
  /** CANCEL of an attempt's INVITE whose edge is gone, by another edge; then the attempt begins anew. */
  | { readonly kind: "withdrawal"; readonly invite: ExchangeId }
  /** A peer's request passed on: the answer goes back to it. */
  | { readonly kind: "relay"; readonly origin: PendingRequest }
  /** PRACK of ours because the other leg does not do 100rel. */
  | { readonly kind: "prack" }
  /** Session refresh of ours. `longer`: how often it was sent again for a longer interval; absent: never. */
  | { readonly kind: "refresh"; readonly longer?: number }
  /** re-INVITE that brings a peer back to what the other side has. */
  | { readonly kind: "resync" }
  | { readonly kind: "audit" }
  /** To the referrer; after the last one it gets its BYE, if somebody took its place. */
  | { readonly kind: "notify"; readonly last: boolean }
  /** With what it holds besides the dialog's, so that it can go again when its worker died. */
  | { readonly kind: "bye"; readonly headers: readonly HeaderLine[]; readonly body: string };

export interface OwedBye {
  readonly dialog: DialogId;
  readonly headers: readonly HeaderLine[];
  readonly body: string;
}

/** A peer's request that waits for our answer. */
export interface PendingRequest {
  readonly transaction: TransactionId;
  readonly dialog: DialogId;
  readonly method: string;
  readonly cseq: number;
  /** From and To as received: the answer repeats them. */
  readonly from: string;
  readonly to: string;
  /** Contact URI of the request, the new remote target if it is accepted; empty when it had none. */
  readonly target: string;
  /** Session-Expires, Min-SE and Supported of the request: what the answer's session timer depends on. */
  readonly timer: TimerWish | null;
  /** False once the edge answered for us (487 to a cancelled INVITE). */
  open: boolean;
}

/** A 2xx to an INVITE that waits for its ACK (RFC 3261 §13.3.1.4). */
export interface Unacked {
  transaction: TransactionId;
  /** Those by which the same INVITE was answered before it came by another edge. Absent: there is none. */
  earlier?: readonly TransactionId[];
  readonly dialog: DialogId;
  readonly cseq: number;
  /** The other leg's INVITE to acknowledge when the ACK comes; null when that is done or was not needed. */
  ack: { readonly dialog: DialogId; readonly cseq: number } | null;
  /** The answer is expected in the ACK. */
  readonly offerless: boolean;
  /** Kept to repeat it to a redelivered INVITE. */
  readonly response: StoredResponse;
  /** The INVITE that was answered. */
  request: PendingRequest;
}

/** What a request says about the session timer (RFC 4028). */
export interface TimerWish {
  /** The sender supports the extension. */
  readonly supported: boolean;
  /** Session-Expires in seconds; 0 when absent. */
  readonly expiresS: number;
  readonly refresher: "uac" | "uas" | null;
  readonly minSeS: number;
}
