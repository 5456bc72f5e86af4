import type { HeaderLine } from "@tandem/sip";
import type { FailureCode } from "../failure/failure.ts";
import type { Consideration } from "../routing/decision.ts";
import type { ExchangeId, LegName, TransactionId } from "./event.ts";
import type { AttemptPlan, LegProfile, TrunkLimits } from "./leg-profile.ts";

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

/** `a`, `b1`, `b2`, `a3`: leg name and, for parties we called, a serial number. */
export type PartyId = string;

/** The party's id, plus `.2`, `.3`… for further dialogs of the same INVITE (forks). */
export type DialogId = string;

/** One peer of this call: the caller, or whom one attempt called. Its dialogs share Call-ID and URIs. */
export interface Party {
  readonly id: PartyId;
  readonly leg: LegName;
  /** `uas`: the peer sent the INVITE; `uac`: we did. */
  readonly role: "uas" | "uac";
  readonly profile: LegProfile;
  readonly sipCallId: string;
  /** Our From (uac) or To (uas) value without tag. */
  readonly local: string;
  /** Their From or To value without tag. */
  readonly remote: string;
  /** Our Contact value in this party's dialogs. */
  readonly contact: string;
  /** CSeq number of the INVITE that made the party. */
  inviteCseq: number;
  /** Highest CSeq number used in a dialog that is forgotten: a late answer of it goes on from there. */
  usedCseq: number;
  /** Dialogs made so far, for their ids. */
  forks: number;
  dialogs: Dialog[];
  /** uac: SDP origin of the offer in the INVITE; each dialog goes on from it. */
  origin: SdpOrigin;
}

/** One dialog with a peer (RFC 3261 §12). Our tag is made from the ids, never stored. */
export interface Dialog {
  readonly id: DialogId;
  /** Empty while a provisional response without To tag is all there is. */
  remoteTag: string;
  confirmed: boolean;
  /** A BYE of either side is answered; it stays only while an INVITE in it may still be answered. */
  ended: boolean;
  /** The other leg's dialog that this one is connected to. */
  peer: DialogId | null;
  /** Remote target: the peer's Contact URI (RFC 3261 §12.2.1.2 target refresh). */
  target: string;
  routes: readonly string[];
  /** CSeq number of our last request in the dialog. */
  localCseq: number;
  /** CSeq number of the peer's last request in the dialog; 0 when it sent none. */
  remoteCseq: number;
  /** Methods of the peer's Allow that we ask for: `UPDATE`, `REFER`, `INFO`… Empty when it never said. */
  allows: string;
  /** Option tags of the peer's Supported that we ask for. */
  supports: string;
  /** SDP the peer last offered or answered with, as received; what the other leg's refreshes and a new leg's offer are made of. */
  sdp: string;
  /** Offer/answer state (RFC 3264 §4, RFC 6337): who owes an answer. */
  offer: "none" | "sent" | "received";
  origin: SdpOrigin;
  timer: SessionTimer | null;
  /** When a re-INVITE of ours that met glare goes again; 0: none waits. */
  retryAtMs: number;
  reliable: ReliableState | null;
  /** Set while this dialog is about to take another one's place (RFC 3891). */
  replaces: DialogId | null;
}

/** Our o= line in one dialog (RFC 4566 §5.2): the version grows when the description changes, and only then. */
export interface SdpOrigin {
  id: number;
  version: number;
  /** Mark of the last description sent, to see whether it changed; empty before the first. */
  mark: string;
}

/** RFC 4028 on one leg. */
export interface SessionTimer {
  intervalS: number;
  refresher: "us" | "peer";
  /** When the session lapses unless refreshed. */
  expiresAtMs: number;
  /** When we refresh (half of the interval); for a peer refresher: when we give up and send BYE. */
  actAtMs: number;
}

/** RFC 3262 state of one early dialog. */
export interface ReliableState {
  /** uac: RSeq of the last reliable provisional response taken. */
  taken: number;
  /** uas: RSeq of the last one sent; 0 before the first. */
  sent: number;
  /** uas: the one that waits for its PRACK, and those that wait behind it. */
  waiting: (ReliableRelay & ReliableSending) | null;
  queue: ReliableRelay[];
}

/** A provisional response on its way to the caller, reliably. */
export interface ReliableRelay {
  readonly response: StoredResponse;
  /** RAck of the called side's response that it stands for; null when that one was not reliable. */
  readonly rack: string | null;
  readonly hasDescription: boolean;
}

interface ReliableSending {
  readonly rseq: number;
  readonly sentMs: number;
  resends: number;
}

/** A response as the record keeps it while it must wait or may be repeated. */
export interface StoredResponse {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly HeaderLine[];
  readonly body: string;
}

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
}

/** Why we sent it, hence what to do with the answer. */
export type Purpose =
  | { readonly kind: "attempt" }
  /** A peer's request passed on: the answer goes back to it. */
  | { readonly kind: "relay"; readonly origin: PendingRequest }
  /** PRACK of ours because the other leg does not do 100rel. */
  | { readonly kind: "prack" }
  | { readonly kind: "refresh" }
  /** re-INVITE that brings a peer back to what the other side has. */
  | { readonly kind: "resync" }
  | { readonly kind: "audit" }
  /** To the referrer; after the last one it gets its BYE, if somebody took its place. */
  | { readonly kind: "notify"; readonly last: boolean }
  | { readonly kind: "bye" };

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

/** The caller's INVITE while it has no final response. */
export interface WaitingInvite {
  readonly transaction: TransactionId;
  readonly party: PartyId;
  readonly cseq: number;
  /** From and To as received. */
  readonly from: string;
  readonly to: string;
  readonly remoteTag: string;
  /** It came with an offer. */
  readonly offered: boolean;
  readonly reliable: StoredRequest["reliable"];
  /** Record-Route lines, repeated in the answers that make a dialog (RFC 3261 §12.1.1). */
  readonly recordRoute: readonly string[];
  /** Remote target. */
  readonly target: string;
  readonly allows: string;
  readonly supports: string;
  /** Answer that is held until the PRACKs are done (RFC 3262 §3). */
  held: HeldAnswer | null;
  readonly timer: TimerWish | null;
}

/** The called side's 2xx, waiting until the caller's PRACKs are in. */
export interface HeldAnswer {
  /** The called side's dialog. */
  readonly dialog: DialogId;
  readonly contentType: string;
  readonly response: StoredResponse;
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

/** A request's parts that go to the other leg. */
export interface StoredRequest {
  readonly uri: string;
  /** From and To as received. */
  readonly from: string;
  readonly to: string;
  /** Lines that may pass to some leg. */
  readonly headers: readonly HeaderLine[];
  readonly contentType: string;
  readonly body: string;
  /** Max-Forwards for the next hop. */
  readonly hops: number;
  /** Hosts of the sender's network, which no other leg may see. */
  readonly hidden: readonly string[];
  /** Marks of the places it passed (loop detection), ours included. */
  readonly path: readonly string[];
  /** The sender does reliable provisional responses (RFC 3262), or even demands them. */
  readonly reliable: "no" | "supported" | "required";
}

export interface Hunt {
  readonly goal: "setup" | "transfer";
  readonly leg: LegName;
  /** What attempts are made of: Request-URI, From, To and the headers that pass. */
  readonly request: StoredRequest;
  /** What is left to try, in order; the current attempt's plan is `current.plan`. */
  plans: AttemptPlan[];
  current: Trying | null;
  /** The ingress trunk's limits while they are asked; no attempt begins before. */
  entry: TrunkLimits | null;
  /** An 18x was passed on: no further attempt (except for emergency calls). */
  progressed: boolean;
  /** The response the caller gets when nothing more is left. */
  best: { readonly response: StoredResponse; readonly failure: FailureCode } | null;
  /** Why the last attempt failed; told when no response is left to tell. */
  lastFailure: FailureCode;
}

/** The attempt under way. */
export interface Trying {
  readonly plan: AttemptPlan;
  /** Index into `call.attempts`. */
  readonly attempt: number;
  state: "gate" | "calling" | "reached" | "progress";
  party: PartyId | null;
  exchange: ExchangeId | null;
  /** When the INVITE left. */
  sentMs: number;
  /** Times the INVITE was sent again because of 422 (RFC 4028 §7.4). */
  retries: number;
}

/** A REFER passed on to the other leg. */
export interface PassedRefer {
  /** Where it went. */
  readonly dialog: DialogId;
  readonly ours: number;
  readonly theirs: number;
}

/** A REFER acted upon: the referrer is told by NOTIFY how the new leg fares (RFC 3515). */
export interface Transfer {
  readonly referrer: DialogId;
  readonly kept: DialogId;
  readonly atMs: number;
  /** CSeq number of the REFER: the subscription's id. */
  readonly id: number;
  readonly target: string;
  /** Referred-By value of the REFER; empty when it had none. */
  readonly referredBy: string;
  /** Hosts of the referrer's network. */
  readonly hidden: readonly string[];
  readonly subscribed: boolean;
  /** Status the referrer was told last; 0 before the first. */
  told: number;
}

/** What the detail record tells of the call. */
export interface CallFacts {
  pool: string;
  ingressTrunk: string;
  callingNumber: string;
  calledNumber: string;
  sipCallId: string;
  emergency: { readonly service: string; readonly test: boolean } | null;
  considered: Consideration[];
  /** First 18x passed to the caller. 0: never. */
  ringMs: number;
  answerMs: number;
  endMs: number;
  /** Status the caller's INVITE ended with. */
  sipCode: number;
  /** Q.850 cause of the end, when one is known. */
  q850: number | null;
  /** Why the call ended when it did not end well. */
  failure: FailureCode | null;
  endedBy: "caller" | "callee" | "system" | null;
  transferred: boolean;
}

/** What the detail record tells of one attempt. */
export interface AttemptFacts {
  readonly trunk: string;
  readonly route: string | null;
  readonly calledNumber: string;
  readonly callingNumber: string;
  readonly startMs: number;
  ringMs: number;
  answerMs: number;
  endMs: number;
  sipCode: number;
  q850: number | null;
  /** `answered`, a failure code, or empty while it runs. */
  outcome: string;
}
