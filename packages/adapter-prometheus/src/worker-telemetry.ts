import type { AttemptOutcome, CallOutcome, Telemetry } from "@tandem/call-control";
import { outcomes as OUTCOMES } from "@tandem/domain";
import type { Logger } from "@tandem/runtime";
import type { Registry } from "prom-client";
import { cappedLabel, codeClass, methodLabel, type ConfiguredNames } from "./bounded-label.ts";
import { children } from "./children.ts";
import { createEmergencyTelemetry } from "./emergency-metrics.ts";
import { counter, gauge, histogram } from "./metric-set.ts";

export interface WorkerTelemetryOptions {
  readonly logger: Logger;
  /** The worker's pool: its emergency outcomes are counted from zero. */
  readonly pool: string;
  /** Names allowed as label values; the owner configures it with every topology. */
  readonly names: ConfiguredNames;
}

/** The `Telemetry` port on prom-client and the process's logger. */
export function createWorkerTelemetry(registry: Registry, options: WorkerTelemetryOptions): Telemetry {
  return {
    ...callMetrics(registry, options),
    ...workerGauges(registry),
    ...logSink(options.logger),
    emergency: createEmergencyTelemetry(registry, options.names),
  };
}

type CallMetrics = Pick<
  Telemetry,
  "callStarted" | "callEnded" | "attemptEnded" | "postDialDelay" | "answerDelay" | "requestRefused"
>;

function callMetrics(registry: Registry, { names, pool: ownPool }: WorkerTelemetryOptions): CallMetrics {
  const started = children(counter(registry, "tandem_calls_started_total"));
  const ended = children(counter(registry, "tandem_calls_total"));
  const emergencies = children(counter(registry, "tandem_emergency_calls_total"));
  for (const outcome of OUTCOMES) emergencies(ownPool, outcome).inc(0);
  const duration = children(histogram(registry, "tandem_call_duration_seconds"));
  const attempts = children(counter(registry, "tandem_attempts_total"));
  const postDial = children(histogram(registry, "tandem_post_dial_delay_seconds"));
  const answer = children(histogram(registry, "tandem_answer_delay_seconds"));
  const refusals = children(counter(registry, "tandem_refusals_total"));
  const outcomes = cappedLabel(8);
  const failures = cappedLabel(100);
  return {
    callStarted: (call) => started(names.pool(call.pool), names.trunk(call.ingressTrunk)).inc(),
    callEnded: (call: CallOutcome) => {
      const pool = names.pool(call.pool);
      const emergency = call.emergency ? "yes" : "no";
      ended(pool, names.trunk(call.ingressTrunk), outcomes(call.outcome), emergency).inc();
      if (call.emergency) emergencies(pool, outcomes(call.outcome)).inc();
      if (call.durationMs > 0) duration(pool).observe(call.durationMs / 1_000);
    },
    attemptEnded: (attempt: AttemptOutcome) =>
      attempts(names.trunk(attempt.trunk), outcomes(attempt.outcome), codeClass(attempt.sipCode)).inc(),
    postDialDelay: (trunk, ms) => postDial(names.trunk(trunk)).observe(ms / 1_000),
    answerDelay: (trunk, ms) => answer(names.trunk(trunk)).observe(ms / 1_000),
    requestRefused: (refusal) => refusals(methodLabel(refusal.method), failures(refusal.failure)).inc(),
  };
}

function workerGauges(registry: Registry): Pick<Telemetry, "setupsActive" | "casConflict"> {
  const setups = gauge(registry, "tandem_setups_active");
  const conflicts = counter(registry, "tandem_cas_conflicts_total");
  return {
    setupsActive: (count) => setups.set(count),
    casConflict: () => conflicts.inc(),
  };
}

function logSink(logger: Logger): Pick<Telemetry, "log"> {
  return { log: (level, message, fields) => logger[level](fields, message) };
}
