import { SETUP_SECONDS, type MetricDefinition } from "./metric-definition.ts";

/** The part of the catalogue that is about emergency calls, their notifications, records and the heartbeat of their paths. */
export const EMERGENCY_METRICS = {
  tandem_emergency_attempts_total: {
    type: "counter",
    help: "Ways out tried by emergency calls, by outcome (answered or whose fault).",
    labels: ["trunk", "outcome"],
    process: "worker",
  },
  tandem_emergency_ringing_seconds: {
    type: "histogram",
    help: "Emergency INVITE received to first 18x or 2xx passed to the caller, over all attempts.",
    labels: ["pool"],
    process: "worker",
    buckets: SETUP_SECONDS,
  },
  tandem_emergency_locations_total: {
    type: "counter",
    help: "Emergency calls by the kind of location they had: value, reference, lis, site-default, none.",
    labels: ["kind"],
    process: "worker",
  },
  tandem_emergency_preparation_failures_total: {
    type: "counter",
    help: "Steps before the emergency INVITE that failed or took too long, so that the call went on without them (identity, location, callback, notice).",
    labels: ["step"],
    process: "worker",
  },
  tandem_emergency_alarms_total: {
    type: "counter",
    help: "Emergency calls in progress that somebody must look at, by cause: no-g711, session-lapsed, peer-silent.",
    labels: ["cause"],
    process: "worker",
  },
  tandem_emergency_preemptions_total: {
    type: "counter",
    help: "Ordinary calls ended to make room for an emergency call on a full trunk.",
    labels: ["trunk"],
    process: "worker",
  },
  tandem_emergency_callbacks_total: {
    type: "counter",
    help: "Calls back to somebody who made an emergency call, within the callback window, by the trunk they came from.",
    labels: ["trunk"],
    process: "worker",
  },
  tandem_emergency_desks_total: {
    type: "counter",
    help: "Security desks that are to hear an emergency call by a leg of ours: called, then joined or refused, and left; no-relay and relay-lost when rtpengine failed, no-media when the call's audio passes none; no-mixer when a desk that was to be heard only hears, mixer-lost when its mixer failed.",
    labels: ["outcome"],
    process: "worker",
  },
  tandem_emergency_notices_waiting: {
    type: "gauge",
    help: "Notices of emergency calls this worker has and Redis does not yet.",
    labels: [],
    process: "worker",
  },
  tandem_emergency_notifications_total: {
    type: "counter",
    help: "Tries to notify a target of an emergency call, by its kind (sip, webhook, email) and result (delivered, retried, failed).",
    labels: ["kind", "result"],
    process: "controller",
  },
  tandem_emergency_notification_seconds: {
    type: "histogram",
    help: "Emergency INVITE received to notification delivered.",
    labels: ["kind"],
    process: "controller",
    buckets: SETUP_SECONDS,
  },
  tandem_emergency_escalations_total: {
    type: "counter",
    help: "Notifications nobody acknowledged in time, passed on to the target's escalation.",
    labels: [],
    process: "controller",
  },
  tandem_emergency_notifications_unacknowledged: {
    type: "gauge",
    help: "Notifications of real emergency calls of the last 24 hours that no operator acknowledged, and notices that cannot be read.",
    labels: [],
    process: "controller",
  },
  tandem_emergency_records_total: {
    type: "counter",
    help: "Emergency records handed to a sink, by result (delivered, retried, failed); sink aside: those that cannot be read.",
    labels: ["sink", "result"],
    process: "controller",
  },
  tandem_emergency_records_backlog: {
    type: "gauge",
    help: "Records of emergency calls waiting in the streams.",
    labels: [],
    process: "controller",
  },
  tandem_emergency_heartbeat_last_success_timestamp_seconds: {
    type: "gauge",
    help: "When the emergency path from a pool over a trunk last answered to its end (epoch seconds); 0 = never.",
    labels: ["trunk", "pool"],
    process: "controller",
  },
  tandem_emergency_heartbeat_failing: {
    type: "gauge",
    help: "1 while the last walk of an emergency path of this kind (options, test-call) did not get to its end, 0 when it did.",
    labels: ["trunk", "pool", "kind"],
    process: "controller",
  },
  tandem_emergency_heartbeat_total: {
    type: "counter",
    help: "Walks of an emergency path, by kind (options, test-call) and outcome (answered, timeout, unreachable).",
    labels: ["trunk", "pool", "kind", "outcome"],
    process: "controller",
  },
  tandem_emergency_heartbeat_interval_seconds: {
    type: "gauge",
    help: "How often every emergency path is walked; what alerts on the last success compare with. 0 = switched off.",
    labels: [],
    process: "controller",
  },
} as const satisfies Record<string, MetricDefinition>;
