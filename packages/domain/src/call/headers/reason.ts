import { headerReasons, parseReason, splitList, type HeaderLine, type Reason, type SipMessage } from "@tandem/sip";
import { failureEntry, type FailureCode } from "../../failure/catalogue.ts";

/** The Q.850 cause (1–127) in Reason headers (RFC 3326); null when there is none. */
export function q850In(message: SipMessage): number | null {
  return causeIn(headerReasons(message));
}

/** The Q.850 cause in header lines that are kept. */
export function q850Of(headers: readonly HeaderLine[]): number | null {
  const lines = headers.filter(([name]) => name.toLowerCase() === "reason");
  return causeIn(lines.flatMap(([, value]) => splitList(value).flatMap((each) => parseReason(each) ?? [])));
}

function causeIn(reasons: readonly Reason[]): number | null {
  const found = reasons.find(
    ({ protocol, cause = 0 }) => protocol.toLowerCase() === "q.850" && cause >= 1 && cause <= 127,
  );
  return found?.cause ?? null;
}

/** Reason lines of a request that ends something because of a failure of the catalogue: both faces, SIP and Q.850. */
export function reasonsOf(failure: FailureCode): readonly HeaderLine[] {
  const { sip, sipReason, q850 } = failureEntry(failure);
  // RFC 4411 §5: a call that gave way has a protocol of its own; the place it had on its trunk went to another call.
  const own =
    failure === "preempted"
      ? 'Preemption;cause=2;text="Reserved Resources Preempted"'
      : `SIP;cause=${sip};text="${sipReason}"`;
  return [
    ["Reason", own],
    ["Reason", `Q.850;cause=${q850}`],
  ];
}

/** A Q.850 Reason line. */
export function q850Line(cause: number): HeaderLine {
  return ["Reason", `Q.850;cause=${cause}`];
}
