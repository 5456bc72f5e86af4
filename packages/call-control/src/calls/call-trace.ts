import { detailRecords, type Call } from "@tandem/domain";
import type { EnginePorts } from "../engine-ports.ts";
import { unattended } from "./unattended.ts";

/** Traces a call that is over. For after its records are safe, which a trace that fails or takes its time must not cost. */
export function traceCall(call: Call, nowMs: number, { traces, telemetry }: EnginePorts): void {
  if (traces === undefined) return;
  const tell = async (): Promise<void> => {
    const made = detailRecords(call, nowMs);
    traces.ended(made.call, made.attempts);
  };
  unattended(tell(), { telemetry, callId: call.id });
}
