import type { AttemptOutcome, CallOutcome, Telemetry } from "@tandem/call-control";
import type { Logger } from "@tandem/runtime";
import type { Registry } from "prom-client";
import { cappedLabel, codeClass, methodLabel, type ConfiguredNames } from "./bounded-label.ts";
import { counter, gauge, histogram } from "./metric-set.ts";

export interface WorkerTelemetryOptions {
  readonly logger: Logger;
  /** Names allowed as label values; the owner configures it with every topology. */
  readonly names: ConfiguredNames;
}

/** The `Telemetry` port on prom-client and the process's logger. */
export function createWorkerTelemetry(registry: Registry, options: WorkerTelemetryOptions): Telemetry {
  return { ...callMetrics(registry, options.names), ...workerGauges(registry), ...logSink(options.logger) };
}

type CallMetrics = Pick<
  Telemetry,
  "callStarted" | "callEnded" | "attemptEnded" | "postDialDelay" | "answerDelay" | "requestRefused"
>;

function callMetrics(registry: Registry, names: ConfiguredNames): CallMetrics {
  const started = counter(registry, "tandem_calls_started_total");
  const ended = counter(registry, "tandem_calls_total");
  const duration = histogram(registry, "tandem_call_duration_seconds");
  const attempts = counter(registry, "tandem_attempts_total");
  const postDial = histogram(registry, "tandem_post_dial_delay_seconds");
  const answer = histogram(registry, "tandem_answer_delay_seconds");
  const refusals = counter(registry, "tandem_refusals_total");
  const outcomes = cappedLabel(8);
  const failures = cappedLabel(100);
  return {
    callStarted: (call) => started.inc({ pool: names.pool(call.pool), ingress_trunk: names.trunk(call.ingressTrunk) }),
    callEnded: (call: CallOutcome) => {
      const pool = names.pool(call.pool);
      const emergency = call.emergency ? "yes" : "no";
      ended.inc({ pool, ingress_trunk: names.trunk(call.ingressTrunk), outcome: outcomes(call.outcome), emergency });
      if (call.durationMs > 0) duration.observe({ pool }, call.durationMs / 1_000);
    },
    attemptEnded: (attempt: AttemptOutcome) =>
      attempts.inc({
        trunk: names.trunk(attempt.trunk),
        outcome: outcomes(attempt.outcome),
        code_class: codeClass(attempt.sipCode),
      }),
    postDialDelay: (trunk, ms) => postDial.observe({ trunk: names.trunk(trunk) }, ms / 1_000),
    answerDelay: (trunk, ms) => answer.observe({ trunk: names.trunk(trunk) }, ms / 1_000),
    requestRefused: (refusal) =>
      refusals.inc({ method: methodLabel(refusal.method), failure: failures(refusal.failure) }),
  };
}

function workerGauges(registry: Registry): Pick<Telemetry, "setupsActive" | "casConflict"> {
  const setups = gauge(registry, "tandem_setups_active");
  const conflicts = counter(registry, "tandem_cas_conflicts_total");
  return { setupsActive: (count) => setups.set(count), casConflict: () => conflicts.inc() };
}

function logSink(logger: Logger): Pick<Telemetry, "log"> {
  return { log: (level, message, fields) => logger[level](fields, message) };
}
