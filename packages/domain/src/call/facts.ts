import type { EmergencyFacts } from "../emergency/preparation.ts";
import type { FailureCode } from "../failure/failure.ts";
import type { Consideration } from "../routing/decision.ts";
import type { DeskStep } from "./desk-step.ts";

/** Where a caller is and under what number he is reached: what an emergency call of his would be prepared with. */
export interface CallerOrigin {
  /** The address that tells his network site; null: none is known. */
  readonly address: string | null;
  /** The number the network asserts, where From names none. */
  readonly number: string | null;
}

/** What the detail record tells of the call. */
export interface CallFacts {
  pool: string;
  ingressTrunk: string;
  callingNumber: string;
  calledNumber: string;
  sipCallId: string;
  emergency: EmergencyFacts | null;
  /** The call is a callback to somebody who made an emergency call; `callId` is that call, null when it is not known. */
  callback: { readonly callId: string | null } | null;
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
  /** What became of the security desk that was to hear the call, in order; empty: none was to. In the emergency record only. */
  desk: readonly DeskStep[];
  /** Null where the caller's leg says as much. In no detail record. */
  origin: CallerOrigin | null;
}

/** What the detail record tells of one attempt. */
export interface AttemptFacts {
  readonly trunk: string;
  readonly route: string | null;
  readonly calledNumber: string;
  readonly callingNumber: string;
  /** The INVITE of an emergency call had the session description alone, for this trunk refused more. */
  readonly descriptionOnly?: true;
  readonly startMs: number;
  ringMs: number;
  answerMs: number;
  endMs: number;
  sipCode: number;
  q850: number | null;
  /** `answered`, a failure code, or empty while it runs. */
  outcome: string;
}
