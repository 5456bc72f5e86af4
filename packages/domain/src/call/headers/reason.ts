import type { HeaderLine, SipMessage } from "@tandem/sip";
import { failureEntry, type FailureCode } from "../../failure/catalogue.ts";
import { headerValues, paramIn, splitValues } from "./values.ts";

/** The Q.850 cause (1–127) in Reason headers (RFC 3326); null when there is none. */
export function q850In(message: SipMessage): number | null {
  return causeIn(headerValues(message, "Reason"));
}

/** The Q.850 cause in header lines that are kept. */
export function q850Of(headers: readonly HeaderLine[]): number | null {
  return causeIn(
    headers.filter(([name]) => name.toLowerCase() === "reason").flatMap(([, value]) => splitValues(value)),
  );
}

function causeIn(values: readonly string[]): number | null {
  for (const value of values) {
    const semicolon = value.indexOf(";");
    if (semicolon < 0 || value.slice(0, semicolon).trim().toLowerCase() !== "q.850") continue;
    const cause = Number(paramIn(value.slice(semicolon), "cause") ?? "");
    if (Number.isInteger(cause) && cause >= 1 && cause <= 127) return cause;
  }
  return null;
}

/** Reason lines of a request that ends something because of a failure of the catalogue: both faces, SIP and Q.850. */
export function reasonsOf(failure: FailureCode): readonly HeaderLine[] {
  const { sip, sipReason, q850 } = failureEntry(failure);
  return [
    ["Reason", `SIP;cause=${sip};text="${sipReason}"`],
    ["Reason", `Q.850;cause=${q850}`],
  ];
}

/** A Q.850 Reason line. */
export function q850Line(cause: number): HeaderLine {
  return ["Reason", `Q.850;cause=${cause}`];
}
