import type { FailureCode } from "@tandem/domain";
import type { EmergencyTelemetry } from "./emergency-telemetry.ts";

/** What call-control tells the outside about itself. Implementations bound every label's values. */
export interface Telemetry {
  callStarted(call: { readonly pool: string; readonly ingressTrunk: string }): void;
  callEnded(call: CallOutcome): void;
  attemptEnded(attempt: AttemptOutcome): void;
  /** INVITE sent → first 18x, and → 2xx, per egress trunk. */
  postDialDelay(trunk: string, ms: number): void;
  answerDelay(trunk: string, ms: number): void;
  requestRefused(refusal: { readonly method: string; readonly failure: FailureCode }): void;
  setupsActive(count: number): void;
  casConflict(): void;
  readonly emergency: EmergencyTelemetry;
  log(level: "debug" | "info" | "warn" | "error", message: string, fields: Readonly<Record<string, unknown>>): void;
}

export interface CallOutcome {
  readonly pool: string;
  readonly ingressTrunk: string;
  readonly egressTrunk: string;
  /** success · client-error · upstream-error · server-error · indeterminate: whose fault. */
  readonly outcome: string;
  readonly sipCode: number;
  readonly emergency: boolean;
  readonly durationMs: number;
}

export interface AttemptOutcome {
  readonly trunk: string;
  readonly outcome: string;
  readonly sipCode: number;
}
