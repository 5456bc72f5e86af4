import type { HeaderLine } from "@tandem/sip";
import type { EmergencyPreparation } from "../emergency/preparation.ts";
import type { FailureCode } from "../failure/failure.ts";
import type { ExchangeId, LegName, TransactionId } from "./event.ts";
import type { TimerWish } from "./exchange.ts";
import type { DialogId, PartyId } from "./identity.ts";
import type { AttemptPlan, TrunkLimits } from "./leg-profile.ts";
import type { StoredResponse } from "./party.ts";

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
  /** When it expires (epoch ms; RFC 3261 §13.3.1). Absent: it does not. */
  readonly expiresAtMs?: number;
}

/** The called side's 2xx, waiting until the caller's PRACKs are in. */
export interface HeldAnswer {
  /** The called side's dialog. */
  readonly dialog: DialogId;
  readonly contentType: string;
  readonly response: StoredResponse;
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
  /** What the INVITEs of an emergency call are made of besides the request; null on other hunts. */
  readonly preparation: EmergencyPreparation | null;
  /** The call was an ordinary one until this hunt: if all its ways fail, it is one again. */
  readonly madeEmergency: boolean;
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
  /** Session interval asked for because of 422, in seconds; 0: the trunk's. */
  minSeS: number;
  /** Times it was sent again because its edge or its worker died. */
  moves: number;
  /** It was last sent by the edge that its peer knows, and nothing was heard since. */
  recalled?: boolean;
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
  /** Replaces value in the Refer-To; empty when it had none. */
  readonly replaces: string;
  /** When it was asked last where the target is reached (epoch ms). */
  askedMs: number;
  /** Referred-By value of the REFER; empty when it had none. */
  readonly referredBy: string;
  /** Hosts of the referrer's network. */
  readonly hidden: readonly string[];
  readonly subscribed: boolean;
  /** Status the referrer was told last; 0 before the first. */
  told: number;
}
