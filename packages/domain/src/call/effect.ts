import type { SipMessage } from "@tandem/sip";
import type { AlarmCause } from "./alarm.ts";
import type { ExchangeId, LegName, TransactionId } from "./event.ts";
import type { TrunkLimits } from "./leg-profile.ts";

/**
 * What the shell must do, in order. Effects after a `save` wait until the record is stored (write-ahead);
 * a lost compare-and-set discards the step: reload, run the event again.
 */
export type Effect =
  | { readonly kind: "save" }
  /** Store when convenient; nothing waits for it. */
  | { readonly kind: "save-lazily" }
  /** Take a lease on the trunk; answered by a `gate` event. */
  | ({ readonly kind: "reserve"; readonly trunk: string } & TrunkLimits)
  /**
   * A place on the trunk for an emergency call, never refused. Where `maxCalls` are taken and `preempts` is set, the trunk's oldest ordinary call is
   * ended. Answered by a `seized` event.
   */
  | { readonly kind: "seize"; readonly trunk: string; readonly maxCalls: number; readonly preempts: boolean }
  | { readonly kind: "release"; readonly trunk: string }
  /** A complete request but for Via and Content-Length. An ACK has no answer. */
  | {
      readonly kind: "send";
      readonly exchange: ExchangeId;
      readonly leg: LegName;
      readonly request: SipMessage;
      readonly pool: string;
      readonly listener: string;
      readonly nextHop: string | null;
      /** Branch of the Via, where the request may have to go again as a retransmission. */
      readonly branch?: string;
      /**
       * The edge by whose address the peer knows the request, with the sent-by of its Via where that was heard: that one sends it again, or one of the same address, and may be
       * awaited for some seconds. Absent: any edge of the pool.
       */
      readonly knownBy?: { readonly edge: string; readonly sentBy?: string };
      /** The edge that sends it only where the pool has no other. Absent: any. */
      readonly avoidEdge?: string;
      /** Sent-by of the Via, where it is not that of the edge which sends. */
      readonly sentBy?: string;
      /** How long an answer is waited for, milliseconds. Absent: 64*T1. */
      readonly timeoutMs?: number;
    }
  /** A complete response but for Via and Content-Length: the edge knows the transaction's Via. RSeq and Require of a reliable 1xx are the machine's. */
  | {
      readonly kind: "respond";
      readonly leg: LegName;
      readonly transaction: TransactionId;
      readonly response: SipMessage;
    }
  /** The 2xx given to that INVITE has its ACK, which came by another edge. */
  | { readonly kind: "acknowledged"; readonly transaction: TransactionId }
  /** That INVITE of an emergency caller came again by another edge and is answered there: nothing is to wait for it. */
  | { readonly kind: "moved"; readonly transaction: TransactionId }
  | { readonly kind: "cancel"; readonly exchange: ExchangeId; readonly headers: readonly (readonly [string, string])[] }
  | { readonly kind: "start-timer"; readonly timer: string; readonly afterMs: number }
  | { readonly kind: "stop-timer"; readonly timer: string }
  /** REFER acted upon, or Replaces: the shell decides routes for the target and answers with `transfer-routed`. */
  | {
      readonly kind: "route-transfer";
      readonly target: string;
      readonly headers: readonly (readonly [string, string])[];
    }
  /** An emergency call stands, and the security desk is to hear and speak: find a mixer; answered by a `mixer-found` event. */
  | { readonly kind: "find-mixer" }
  /** An emergency call stands: call the security desk that is to hear it. Nothing comes back to this call. */
  | { readonly kind: "call-desk" }
  /** Ask the media relay whether it has the call; answered by a `relay-lost` event when it has not. */
  | { readonly kind: "check-relay" }
  /**
   * The call is over: remove the record and append its detail records (`detailRecords`), atomically. Always the last effect. A call refused at
   * once was never saved: then only its detail records are appended.
   */
  | { readonly kind: "finish" }
  | { readonly kind: "observe"; readonly observation: Observation };

/** Facts for metrics and passive trunk health. */
export type Observation =
  | {
      readonly kind: "attempt-ended";
      readonly trunk: string;
      readonly outcome: string;
      readonly sipCode: number;
      readonly unreachable: boolean;
    }
  /** People must look at an emergency call, which goes on. */
  | { readonly kind: "alarm"; readonly trunk: string; readonly cause: AlarmCause }
  | { readonly kind: "ringing"; readonly trunk: string; readonly afterMs: number }
  | { readonly kind: "answered"; readonly trunk: string; readonly afterMs: number }
  | {
      readonly kind: "call-ended";
      readonly ingressTrunk: string;
      readonly egressTrunk: string;
      readonly outcome: string;
      readonly sipCode: number;
      readonly emergency: boolean;
      readonly durationMs: number;
    };
