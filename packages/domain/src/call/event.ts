import type { SipMessage } from "@tandem/sip";
import type { EmergencyPreparation } from "../emergency/preparation.ts";
import type { FailureCode } from "../failure/failure.ts";
import type { Consideration } from "../routing/decision.ts";
import type { ArrivalPlace } from "./caller-arrival.ts";
import type { CallerOrigin } from "./facts.ts";
import type { DeskOutcome } from "./desk-step.ts";
import type { ResponseSource } from "./reached-address.ts";
import type { DeskLink } from "./security-desk.ts";
import type { AttemptPlan, LegProfile, TrunkLimits } from "./leg-profile.ts";

/** Names an outgoing request of this call; chosen by the machine, echoed in the events that answer it. */
export type ExchangeId = string;

/** Names a server transaction (`<edge>/<id>`); opaque to the machine. */
export type TransactionId = string;

export type LegName = "a" | "b";

/** A client transaction of the caller's neighbour, by which the INVITE came once more (RFC 3263 §4.3). */
export interface CallerWay {
  /** What the call would be named if it had begun by it. */
  readonly id: string;
  /** Where requests to the caller go from now on; null: where they went. */
  readonly nextHop: string | null;
}

/** Everything that can happen to a call. Time is an argument of the transition, never of the machine's own making. */
export type CallEvent =
  | {
      readonly kind: "invite";
      readonly transaction: TransactionId;
      readonly request: SipMessage;
      /** How it came. Absent: over a connection, or from within. */
      readonly arrival?: ArrivalPlace;
      readonly ingress: LegProfile;
      readonly attempts: readonly AttemptPlan[];
      readonly considered: readonly Consideration[];
      /** Set when the decision was emergency: what is known of the call besides its request. */
      readonly emergency: EmergencyPreparation | null;
      /** A security desk is to hear the call, and this relay takes its audio. */
      readonly desk?: Pick<DeskLink, "relay" | "uri" | "trunk" | "twoWay">;
      /** A security desk is to hear the call, and cannot: why. */
      readonly withoutDesk?: DeskOutcome;
      /** The call is a callback to somebody who made an emergency call (`callId`; null: not known), and outside all limits. */
      readonly callback?: { readonly callId: string | null };
      /** What the request says of its caller that the facts do not, in case he is transferred to an emergency number. */
      readonly origin?: CallerOrigin;
      /** Limits of the ingress trunk, asked before the first attempt. Absent: it has none, or the call is outside all limits. */
      readonly limits?: TrunkLimits;
      /** The decision refused the call: it is answered by the catalogue, and its record written, without an attempt. */
      readonly rejection?: FailureCode;
    }
  /**
   * An INVITE whose Replaces header names a dialog of this call (RFC 3891): it belongs to this record, not to a new one. `readReplaces` finds the
   * call; the shell answers 481 when there is none.
   */
  | {
      readonly kind: "replacing-invite";
      readonly transaction: TransactionId;
      readonly request: SipMessage;
      readonly profile: LegProfile;
    }
  /** The INVITE again, after the worker or the edge that had it died: go on from the record. */
  | {
      readonly kind: "redelivered";
      readonly transaction: TransactionId;
      readonly request: SipMessage;
      /** How it came. Absent: over a connection. */
      readonly arrival?: ArrivalPlace;
      /** It came by another way than the one the call is named by. */
      readonly way?: CallerWay;
      /** Exchanges that this process itself still waits for: then the INVITE came by another way and nothing is started again. */
      readonly alive?: readonly ExchangeId[];
      readonly sending?: number;
    }
  /** A request in a dialog of this call (ACK included). */
  | {
      readonly kind: "request";
      readonly leg: LegName;
      readonly transaction: TransactionId;
      readonly request: SipMessage;
      /** Exchanges that this process itself waits for; others may have died with their worker. Absent: none did. */
      readonly alive?: readonly ExchangeId[];
      /** When it came (epoch ms); it may have waited since. Absent: now. */
      readonly cameMs?: number;
    }
  /** Any response, 100 included: it proves that the next hop took the INVITE (connect timer). */
  | {
      readonly kind: "response";
      readonly exchange: ExchangeId;
      readonly response: SipMessage;
      /** When it came (epoch ms); it may have waited since. Absent: now. */
      readonly cameMs?: number;
      /** The edge it came by. Absent: not known. */
      readonly edge?: string;
      /** Where it came from. Absent: not known. */
      readonly source?: ResponseSource;
    }
  /** A 2xx to an INVITE of ours that no worker acknowledged through the edge that got it: its own worker died, or the peer says it again. */
  | {
      readonly kind: "orphan-answer";
      readonly response: SipMessage;
      /** The edge that got it. Absent: not known. */
      readonly edge?: string;
      /** When it came (epoch ms); it may have waited since. Absent: now. */
      readonly cameMs?: number;
    }
  /**
   * No final response will come: timeout, transport failure, edge lost. `sending`, here, of a timer and of an INVITE that comes again: how often, as this process knew it, the attempt's INVITE
   * had been sent again (`moves`) when it sent it last. Fewer than in the record: another worker has sent it again since, and it is that one's business.
   */
  | {
      readonly kind: "no-response";
      readonly exchange: ExchangeId;
      readonly failure: FailureCode;
      /** The edge that sent the request. Absent: none did, or it is not known. */
      readonly edge?: string;
      /** Of an emergency call: the pool has another edge than that one. */
      readonly otherEdge?: true;
      readonly sending?: number;
    }
  /** The peer cancelled its request; 200 and 487 are already sent by the edge. */
  | {
      readonly kind: "cancelled";
      readonly transaction: TransactionId;
      readonly cancel: SipMessage;
      /** When it came (epoch ms); it may have waited since. Absent: now. */
      readonly cameMs?: number;
    }
  | { readonly kind: "ack-timeout"; readonly transaction: TransactionId }
  | {
      readonly kind: "timer";
      readonly timer: string;
      /** Of an emergency call: the edge that sent the INVITE of the attempt under way, where its pool has another one. */
      readonly edge?: string;
      readonly sending?: number;
    }
  | { readonly kind: "gate"; readonly trunk: string; readonly result: "reserved" | "full" | "too-fast" | "unavailable" }
  /** Answer to the `seize` effect: a place, a place of a call that is being ended for it, or nobody could be asked. */
  | { readonly kind: "seized"; readonly trunk: string; readonly result: "place" | "room-made" | "unavailable" }
  /** Answer to the `route-transfer` effect. */
  | {
      readonly kind: "transfer-routed";
      readonly attempts: readonly AttemptPlan[];
      readonly failure: FailureCode | null;
      /** Set when the target is an emergency number: what is known of the call that it becomes, and how its ways out were chosen. */
      readonly emergency?: {
        readonly preparation: EmergencyPreparation;
        readonly considered: readonly Consideration[];
        /** Leg of the side that stays: the caller of the emergency call. */
        readonly callerLeg: LegName;
        /** A security desk is to hear the call, and cannot: why. */
        readonly withoutDesk?: DeskOutcome;
      };
    }
  /** The media relay of an emergency call has it no more, or does not answer. `inUse`: what the peers were told leads through it. */
  | { readonly kind: "relay-lost"; readonly inUse: boolean }
  /** Answer to the `find-mixer` effect: control address of the mixer that takes the call; null: none does. */
  | { readonly kind: "mixer-found"; readonly mixer: string | null }
  /** What became of the leg to the security desk. `sipCode`: the final status it got, if it is about that. */
  | { readonly kind: "desk-outcome"; readonly outcome: DeskOutcome; readonly sipCode?: number }
  /** The record's deadline passed (session expiry, refresh due, setup bound): claimed from the store by any worker. */
  | { readonly kind: "deadline"; readonly alive?: readonly ExchangeId[] }
  /** Administrative end (API hang-up, pre-emption, another call's Replaces). */
  | { readonly kind: "end"; readonly failure: FailureCode };
