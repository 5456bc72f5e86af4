import type { FailureCode } from "./catalogue.ts";
import { sipStatusFromCause } from "./q850.ts";

const codeByStatus: ReadonlyMap<number, FailureCode> = new Map<number, FailureCode>([
  [401, "peer-unauthorised"],
  [403, "peer-forbidden"],
  [404, "number-unallocated"],
  [407, "peer-unauthorised"],
  [408, "peer-timeout"],
  [410, "number-changed"],
  [415, "media-not-acceptable"],
  [480, "called-unavailable"],
  [481, "dialog-rejected"],
  [482, "peer-loop"],
  [483, "peer-loop"],
  [484, "number-incomplete"],
  [485, "number-ambiguous"],
  [486, "busy"],
  [487, "caller-cancelled"],
  [488, "media-not-acceptable"],
  [503, "peer-unavailable"],
  [504, "peer-timeout"],
  [600, "busy-everywhere"],
  [603, "declined"],
  [604, "number-unallocated"],
  [606, "media-not-acceptable"],
]);

/** Statuses that say little by themselves: the Q.850 cause of a Reason header (RFC 3326) decides when there is one. */
const vague: ReadonlySet<number> = new Set([400, 480, 500, 580]);

/**
 * Names the failure that a peer's final response (300–699) is, given the Q.850 cause of its Reason header if it had one.
 * Run `treatedStatus` first: response rules change what the response counts as.
 */
export function classifySipFailure(status: number, cause: number | null): FailureCode {
  if (cause === 19 && vague.has(status)) return "ring-timeout";
  const told = cause !== null && cause !== 16 && vague.has(status) ? sipStatusFromCause(cause) : status;
  const exact = codeByStatus.get(told);
  if (exact !== undefined) return exact;
  if (told < 400) return "peer-redirected";
  if (told < 500) return "peer-refused";
  return told < 600 ? "peer-error" : "peer-refused-everywhere";
}
