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
}

export interface UriFacts {
  readonly scheme: "sip" | "sips" | "tel" | "urn" | "other";
  /** User part (or tel number, or the whole urn), unescaped, without parameters. */
  readonly user: string;
  readonly host: string;
  readonly phoneContext: string | null;
}

/** One way out, in the order it shall be tried. */
export interface Attempt {
  readonly trunk: string;
  readonly route: string | null;
  /** After the trunk's translation rules. */
  readonly calledNumber: string;
  readonly callingNumber: string;
  readonly suppressCallerId: boolean;
}

/** Why a trunk is or is not among the attempts; shown in ladders, dry runs and logs. */
export interface Consideration {
  readonly trunk: string;
  readonly route: string | null;
  readonly verdict: "chosen" | "skipped";
  readonly reason: ConsiderationReason;
}

export type ConsiderationReason =
  | "in-order"
  | "emergency"
  | "emergency-down-last"
  | "trunk-disabled"
  | "trunk-down"
  | "trunk-full"
  | "ingress-trunk"
  | "already-chosen";

export type Decision =
  | {
      readonly kind: "route";
      readonly normalisedNumber: string;
      readonly attempts: readonly Attempt[];
      readonly considered: readonly Consideration[];
    }
  | {
      readonly kind: "emergency";
      readonly service: string;
      readonly test: boolean;
      readonly attempts: readonly Attempt[];
      readonly considered: readonly Consideration[];
    }
  | { readonly kind: "reject"; readonly failure: FailureCode; readonly considered: readonly Consideration[] };
