import type { EmergencyEgress } from "../emergency/egress.ts";
import type { FailureCode } from "../failure/failure.ts";

/** What the decision needs to know of a new request. Numbers are user parts as received (no parameters). */
export interface RequestFacts {
  readonly ingressTrunk: string | null;
  readonly pool: string;
  readonly listener: string;
  readonly requestUri: UriFacts;
  readonly callingNumber: string;
  /** Stable per call; feeds `weight` and `hash`. */
  readonly callId: string;
  readonly priorityHeader: string | null;
  /** The address that tells the caller's network site, or null when none is known. */
  readonly callerAddress: string | null;
}

export interface UriFacts {
  readonly scheme: "sip" | "sips" | "tel" | "urn" | "other";
  /** User part (or tel number, or the whole urn as `urn:service:sos`), unescaped, without parameters. */
  readonly user: string;
  readonly host: string;
  readonly phoneContext: string | null;
}

/** One way out, in the order it shall be tried. */
export interface Attempt {
  readonly trunk: string;
  readonly route: string | null;
  /**
   * After the trunk's translation rules; both numbers are unescaped text from outside, to be escaped where they enter a URI.
   * The called number of an emergency call is the listed dial string, translated by nothing; that of its screening centre is translated.
   */
  readonly calledNumber: string;
  /** What the called side may see: the caller's number, or with `suppressCallerId` the route's alternate one, or empty for none. */
  readonly callingNumber: string;
  /** The caller's own number and name must not reach the called side. Never set on an emergency call. */
  readonly suppressCallerId: boolean;
  /** What the INVITE of an emergency call looks like here; null on an ordinary call. */
  readonly emergency: EmergencyEgress | null;
}

/** Why a trunk is or is not among the attempts; shown in ladders, dry runs and logs. */
export interface Consideration {
  readonly trunk: string;
  readonly route: string | null;
  readonly verdict: "chosen" | "skipped";
  readonly reason: ConsiderationReason;
}

/**
 * `in-order` and `emergency…` are reasons to choose: an emergency call takes healthy trunks first, then down ones, then the one it came from,
 * then disabled ones. The others are reasons to skip.
 */
export type ConsiderationReason =
  | "in-order"
  | "emergency"
  | "emergency-other-pool"
  | "emergency-elin"
  | "emergency-fallback"
  | "emergency-route"
  | "emergency-pstn"
  | "emergency-screening"
  | "emergency-screened-first"
  | "emergency-down-last"
  | "emergency-ingress-last"
  | "emergency-disabled-last"
  | "trunk-disabled"
  | "trunk-down"
  | "trunk-full"
  | "ingress-trunk"
  | "already-chosen"
  | "pool-draining"
  | "no-shared-usage"
  | "enough-attempts";

export type Decision =
  | {
      readonly kind: "route";
      /** The number that routes were matched with. */
      readonly normalisedNumber: string;
      /** The dial plan's rule that made it, or null when the number stayed as dialled. */
      readonly dialPlanRule: string | null;
      readonly attempts: readonly Attempt[];
      readonly considered: readonly Consideration[];
    }
  | {
      readonly kind: "emergency";
      readonly service: string;
      readonly test: boolean;
      /** Dial string: what goes to the E9-1-1 trunks. */
      readonly number: string;
      /** Location policy and network site that hold for the caller. */
      readonly policy: string | null;
      readonly site: string | null;
      readonly attempts: readonly Attempt[];
      readonly considered: readonly Consideration[];
    }
  | { readonly kind: "reject"; readonly failure: FailureCode; readonly considered: readonly Consideration[] };
