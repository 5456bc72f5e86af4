import { admissionFailures } from "./admission-failures.ts";
import { attemptFailures } from "./attempt-failures.ts";
import type { FailureEntry, Outcome } from "./failure-entry.ts";
import { interfaceFailures } from "./interface-failures.ts";
import { sessionFailures } from "./session-failures.ts";

/**
 * The failure catalogue: the one table from a code to what SIP, Q.850 and HTTP say, whose fault it is and who may try again.
 * Codes are stable, appear in metrics, logs and CDRs, and are never reused. docs/errors.md is checked equal to this table by a test.
 */
export const failureCatalogue = {
  ...admissionFailures,
  ...attemptFailures,
  ...sessionFailures,
  ...interfaceFailures,
} as const satisfies Readonly<Record<string, FailureEntry>>;

/** Every failure Tandem knows. */
export type FailureCode = keyof typeof failureCatalogue;

/** All codes in the catalogue's order. */
export const failureCodes: readonly FailureCode[] = Object.keys(failureCatalogue) as FailureCode[];

/** The row of a code. */
export function failureEntry(code: FailureCode): FailureEntry {
  return failureCatalogue[code];
}

/** True for a string that names a failure: for codes read back from a store or a frame. */
export function isFailureCode(text: string): text is FailureCode {
  return Object.hasOwn(failureCatalogue, text);
}

/** Whose fault an end is; null: none, it was answered. A code that only a newer release knows may stand in a record that it left: Tandem's own until told otherwise. */
export function outcomeOf(failure: string | null): Outcome {
  if (failure === null) return "success";
  return isFailureCode(failure) ? failureEntry(failure).outcome : "server-error";
}
