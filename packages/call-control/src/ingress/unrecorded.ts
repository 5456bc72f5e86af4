import type { FailureCode } from "@tandem/domain";
import type { Arrived } from "./callback-arrival.ts";

/** Refusals that say something about us or about a stranger, not about a call: nothing is recorded. */
const UNRECORDED: ReadonlySet<FailureCode> = new Set<FailureCode>([
  "unknown-source",
  "draining",
  "overload",
  "store-unavailable",
]);

/** Why nothing is recorded of it; null: it is a call. */
export function refusedUnrecorded({ trunk, decision, callback }: Arrived): FailureCode | null {
  if (decision.kind !== "reject" || callback !== null) return null;
  return trunk === null || UNRECORDED.has(decision.failure) ? decision.failure : null;
}
