import { failureEntry, type FailureCode } from "@tandem/domain";
import { responseTo, type HeaderLine, type SipMessage } from "@tandem/sip";

/**
 * The response the failure catalogue gives for `code`: status, Reason with the Q.850 cause (RFC 3326) and Retry-After.
 * Failures marked internal say nothing but their status.
 */
export function refusal(
  request: SipMessage,
  code: FailureCode,
  toTag: string,
  headers: readonly HeaderLine[] = [],
): SipMessage {
  const entry = failureEntry(code);
  const lines: HeaderLine[] = [...headers];
  if (entry.report === "shown") lines.push(["Reason", `Q.850;cause=${entry.q850};text="${code}"`]);
  if (entry.retryAfterS !== null) lines.push(["Retry-After", String(entry.retryAfterS)]);
  return responseTo(request, entry.sip, { reason: entry.sipReason, toTag, headers: lines });
}
