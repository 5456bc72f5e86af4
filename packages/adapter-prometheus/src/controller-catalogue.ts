import { OPERATION_SECONDS, type MetricDefinition } from "./metric-definition.ts";

/** Of the cluster as a whole, as the leader sees it: members, calls, trunks, and what is handed on. */
export const CONTROLLER_METRICS = {
  tandem_leader: {
    type: "gauge",
    help: "1 while this controller holds the lease.",
    labels: [],
    process: "controller",
  },
  tandem_members_lost: {
    type: "gauge",
    help: "Workers, controllers and control APIs that vanished within the last quarter of an hour without a goodbye and did not come back.",
    labels: ["role", "pool"],
    process: "controller",
  },
  tandem_calls_active: {
    type: "gauge",
    help: "Calls in the cluster, counted from the records in Redis.",
    labels: [],
    process: ["controller", "control-api"],
  },
  tandem_trunk_up: {
    type: "gauge",
    help: "Health of a trunk: 1 up, 0 down, -1 not known.",
    labels: ["trunk"],
    process: ["controller", "control-api"],
  },
  tandem_trunk_load_calls: {
    type: "gauge",
    help: "Calls at once on a trunk, cluster-wide.",
    labels: ["trunk"],
    process: ["controller", "control-api"],
  },
  tandem_trunk_limit_calls: {
    type: "gauge",
    help: "Most calls at once that a trunk may carry, cluster-wide; absent: no limit.",
    labels: ["trunk"],
    process: ["controller", "control-api"],
  },
  tandem_trunk_info: {
    type: "gauge",
    help: "Always 1: where a trunk belongs, and its part in emergency calls (first, fallback, none).",
    labels: ["trunk", "pool", "gateway", "emergency"],
    process: ["controller", "control-api"],
  },
  tandem_trunk_transitions_total: {
    type: "counter",
    help: "Changes of a trunk's health, by the state entered.",
    labels: ["trunk", "state"],
    process: "controller",
  },
  tandem_probes_total: {
    type: "counter",
    help: "OPTIONS probes by outcome.",
    labels: ["trunk", "outcome"],
    process: "controller",
  },
  tandem_probe_seconds: {
    type: "histogram",
    help: "Round trip of an answered OPTIONS probe.",
    labels: ["trunk"],
    process: "controller",
    buckets: OPERATION_SECONDS,
  },
  tandem_calls_swept_total: {
    type: "counter",
    help: "Calls ended by the sweep because nobody came for them.",
    labels: [],
    process: "controller",
  },
  tandem_gate_leases_swept_total: {
    type: "counter",
    help: "Leases on trunks ended by the sweep because their call was gone.",
    labels: [],
    process: "controller",
  },
  tandem_detail_dead_letters: {
    type: "gauge",
    help: "Batches given up by the webhook deliveries and records that cannot be read, those of emergency calls included; kept for people to look at.",
    labels: [],
    process: "controller",
  },
  tandem_detail_records_backlog: {
    type: "gauge",
    help: "Detail records waiting in the streams, those of emergency calls included.",
    labels: [],
    process: "controller",
  },
  tandem_detail_records_total: {
    type: "counter",
    help: "Detail records handed to a sink, by result (delivered, retried, failed); sink aside: those that cannot be read.",
    labels: ["sink", "result"],
    process: "controller",
  },
} as const satisfies Record<string, MetricDefinition>;
