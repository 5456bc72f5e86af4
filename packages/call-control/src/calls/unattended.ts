import { faultOf } from "@tandem/domain";
import type { Telemetry } from "../ports/index.ts";

/** Where a bug in work beside a call is told. */
export interface BesideCall {
  readonly telemetry: Pick<Telemetry, "log">;
  readonly callId: string;
}

/** For work beside a call that nobody waits for: a bug in it is told, and neither the call nor the process ends of it. `instead` is done then. */
export function unattended(work: Promise<unknown>, beside: BesideCall, instead: () => void = () => undefined): void {
  void withFallback<unknown>(work, beside, instead);
}

/** For work whose outcome the call needs: a bug in it is told, and the outcome is what `otherwise` says. */
export function withFallback<T>(work: Promise<T>, beside: BesideCall, otherwise: () => T): Promise<T> {
  return work.catch((bug: unknown) => {
    beside.telemetry.log("error", "work beside a call failed", { callId: beside.callId, ...faultOf(bug) });
    return otherwise();
  });
}
