import type { EmergencyTelemetry } from "@tandem/call-control";
import type { EmergencyObserver } from "@tandem/call-control/controller";
import type { AlarmCause, DeskOutcome } from "@tandem/domain";
import type { Registry } from "prom-client";
import { cappedLabel, type ConfiguredNames } from "./bounded-label.ts";
import { counter, gauge, histogram } from "./metric-set.ts";

/** What the controller tells of emergency calls. */
export type EmergencyMetrics = EmergencyObserver;

const ALARM_CAUSES: readonly AlarmCause[] = ["no-g711", "session-lapsed", "peer-silent"];

const DESK_OUTCOMES: readonly DeskOutcome[] = [
  "called",
  "joined",
  "refused",
  "left",
  "no-relay",
  "relay-lost",
  "no-media",
  "no-mixer",
  "mixer-lost",
];

/** The worker's metrics of emergency calls. */
export function createEmergencyTelemetry(registry: Registry, names: ConfiguredNames): EmergencyTelemetry {
  const attempts = counter(registry, "tandem_emergency_attempts_total");
  const ringing = histogram(registry, "tandem_emergency_ringing_seconds");
  const locations = counter(registry, "tandem_emergency_locations_total");
  const failures = counter(registry, "tandem_emergency_preparation_failures_total");
  const preemptions = counter(registry, "tandem_emergency_preemptions_total");
  const callbacks = counter(registry, "tandem_emergency_callbacks_total");
  const alarms = counter(registry, "tandem_emergency_alarms_total");
  // Shown from the start, so that the first one is an increase.
  for (const cause of ALARM_CAUSES) alarms.inc({ cause }, 0);
  const waiting = gauge(registry, "tandem_emergency_notices_waiting");
  const desks = counter(registry, "tandem_emergency_desks_total");
  for (const outcome of DESK_OUTCOMES) desks.inc({ outcome }, 0);
  const outcomes = cappedLabel(8);
  return {
    attemptEnded: (trunk, outcome) => attempts.inc({ trunk: names.trunk(trunk), outcome: outcomes(outcome) }),
    ringing: (pool, ms) => ringing.observe({ pool: names.pool(pool) }, ms / 1_000),
    location: (kind) => locations.inc({ kind }),
    preparationFailed: (step) => failures.inc({ step }),
    preempted: (trunk) => preemptions.inc({ trunk: names.trunk(trunk) }),
    alarm: (cause) => alarms.inc({ cause }),
    callback: (trunk) => callbacks.inc({ trunk: names.trunk(trunk) }),
    desk: (outcome) => desks.inc({ outcome }),
    noticesWaiting: (count) => waiting.set(count),
  };
}

/** The controller's. */
export function createEmergencyMetrics(registry: Registry, names: ConfiguredNames): EmergencyMetrics {
  const notifications = counter(registry, "tandem_emergency_notifications_total");
  const delays = histogram(registry, "tandem_emergency_notification_seconds");
  const escalations = counter(registry, "tandem_emergency_escalations_total");
  const unacknowledged = gauge(registry, "tandem_emergency_notifications_unacknowledged");
  const records = counter(registry, "tandem_emergency_records_total");
  const backlog = gauge(registry, "tandem_emergency_records_backlog");
  const sinks = cappedLabel(20);
  return {
    notification: (kind, result, afterMs) => {
      notifications.inc({ kind, result });
      if (result === "delivered") delays.observe({ kind }, Math.max(0, afterMs) / 1_000);
    },
    escalated: () => escalations.inc(),
    unacknowledged: (count) => unacknowledged.set(count),
    record: (sink, result, count) => records.inc({ sink: sinks(sink), result }, count),
    recordBacklog: (count) => backlog.set(count),
    ...heartbeatMetrics(registry, names),
  };
}

function heartbeatMetrics(
  registry: Registry,
  names: ConfiguredNames,
): Pick<EmergencyMetrics, "heartbeat" | "heartbeatPaths" | "heartbeatInterval"> {
  const walks = counter(registry, "tandem_emergency_heartbeat_total");
  const last = gauge(registry, "tandem_emergency_heartbeat_last_success_timestamp_seconds");
  const failed = gauge(registry, "tandem_emergency_heartbeat_failing");
  const interval = gauge(registry, "tandem_emergency_heartbeat_interval_seconds");
  return {
    heartbeat: ({ trunk, pool, kind, outcome }) =>
      walks.inc({ trunk: names.trunk(trunk), pool: names.pool(pool), kind, outcome }),
    heartbeatPaths: (paths) => {
      last.reset();
      failed.reset();
      for (const { lastSuccessMs, failing, ...path } of paths) {
        const labels = { trunk: names.trunk(path.trunk), pool: names.pool(path.pool) };
        last.set(labels, lastSuccessMs / 1_000);
        for (const kind of ["options", "test-call"] as const) {
          if (failing[kind] !== null) failed.set({ ...labels, kind }, failing[kind] ? 1 : 0);
        }
      }
    },
    heartbeatInterval: (ms) => interval.set(ms / 1_000),
  };
}
