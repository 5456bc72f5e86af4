import type { AttemptDetailRecord, CallDetailRecord } from "@tandem/domain";
import { findBody } from "@tandem/sip";
import type { SeenMessage, SimulatedCallResult } from "@tandem/simulated-peer";
import type { SampleCall } from "./sample-calls.ts";

/** Everything known of a sample call after its end. */
export interface CallEvidence {
  readonly result: SimulatedCallResult;
  /** null: none came in time. */
  readonly record: CallDetailRecord | null;
  readonly attempts: readonly AttemptDetailRecord[];
  /** Messages of this call as the simulated peers saw them, in order. */
  readonly seen: readonly SeenMessage[];
}

/** What did not end as it should, one sentence each; none when all did. */
export function findDeviations({ expected, body }: SampleCall, evidence: CallEvidence): readonly string[] {
  const { result, record, attempts } = evidence;
  const found: string[] = [];
  if (result.status !== 200) found.push(`The caller got ${result.status} instead of 200.`);
  else if (result.byeStatus !== 200) found.push(`The BYE got ${String(result.byeStatus)} instead of 200.`);
  if (record === null) return [...found, "No call detail record was written."];
  if ((record.emergency !== null) !== expected.emergency) {
    found.push(expected.emergency ? "It was not taken for an emergency call." : "It was taken for an emergency call.");
  }
  const happened = attempts.map(({ trunk, sipCode }) => `${trunk} ${sipCode}`).join(", ");
  const wanted = expected.attempts.map(({ trunk, sipCode }) => `${trunk} ${sipCode}`).join(", ");
  if (happened !== wanted) found.push(`The attempts were ${happened || "none"} instead of ${wanted}.`);
  if (expected.emergency && !locationArrived(body, evidence.seen))
    found.push("The location did not arrive as it was sent.");
  return found;
}

/** True when a gateway got an INVITE whose location part is, byte for byte, one that stands in the caller's body. */
export function locationArrived(sent: string, seen: readonly SeenMessage[]): boolean {
  const arrived = seen.flatMap(({ direction, message }) => {
    const location =
      direction === "from-tandem" && message.method === "INVITE"
        ? findBody(message, "application/pidf+xml")
        : undefined;
    return location === undefined || location.body === "" ? [] : [location.body];
  });
  return arrived.some((location) => sent.includes(location));
}
