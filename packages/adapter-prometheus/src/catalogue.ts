import { API_METRICS } from "./api-catalogue.ts";
import { CONTROLLER_METRICS } from "./controller-catalogue.ts";
import { EDGE_METRICS } from "./edge-catalogue.ts";
import { EMERGENCY_METRICS } from "./emergency-catalogue.ts";
import { OPERATION_SECONDS, SETUP_SECONDS, type MetricDefinition } from "./metric-definition.ts";
import { MIXER_METRICS } from "./mixer-catalogue.ts";
import { SPOOL_METRICS } from "./spool-catalogue.ts";

export type { MetricDefinition, MetricProcess } from "./metric-definition.ts";

const CALL_SECONDS = [1, 5, 15, 30, 60, 180, 300, 600, 1_800, 3_600];

/**
 * Every metric Tandem shows besides the process defaults of prom-client. Names are `tandem_<noun>_<unit|total>`. Label values are bounded:
 * trunks, pools and listeners come from the topology in force, everything else from closed sets; what is unknown counts as `other`.
 */
export const METRICS = {
  ...EMERGENCY_METRICS,
  tandem_calls_started_total: {
    type: "counter",
    help: "New calls taken from a trunk.",
    labels: ["pool", "ingress_trunk"],
    process: "worker",
  },
  tandem_calls_total: {
    type: "counter",
    help: "Calls ended, by whose fault: success, client-error, upstream-error, server-error, indeterminate.",
    labels: ["pool", "ingress_trunk", "outcome", "emergency"],
    process: "worker",
  },
  tandem_emergency_calls_total: {
    type: "counter",
    help: "Emergency calls ended, by whose fault; every outcome is shown from the start, so that the first failure is an increase.",
    labels: ["pool", "outcome"],
    process: "worker",
  },
  tandem_call_duration_seconds: {
    type: "histogram",
    help: "Answer to end of answered calls.",
    labels: ["pool"],
    process: "worker",
    buckets: CALL_SECONDS,
  },
  tandem_attempts_total: {
    type: "counter",
    help: "Ways out tried, by outcome and by class of the final SIP code (2xx … 6xx, none).",
    labels: ["trunk", "outcome", "code_class"],
    process: "worker",
  },
  tandem_post_dial_delay_seconds: {
    type: "histogram",
    help: "INVITE sent to first 18x, per egress trunk.",
    labels: ["trunk"],
    process: "worker",
    buckets: SETUP_SECONDS,
  },
  tandem_answer_delay_seconds: {
    type: "histogram",
    help: "INVITE sent to 2xx, per egress trunk.",
    labels: ["trunk"],
    process: "worker",
    buckets: SETUP_SECONDS,
  },
  tandem_refusals_total: {
    type: "counter",
    help: "Requests refused by Tandem itself, by method and failure code (docs/errors.md).",
    labels: ["method", "failure"],
    process: "worker",
  },
  tandem_setups_active: {
    type: "gauge",
    help: "Calls this worker is setting up now.",
    labels: [],
    process: "worker",
  },
  tandem_setups_limit: {
    type: "gauge",
    help: "Calls this worker sets up at once before it refuses ordinary new ones.",
    labels: [],
    process: "worker",
  },
  tandem_cas_conflicts_total: {
    type: "counter",
    help: "Saves of a call record that lost against another worker and were run again.",
    labels: [],
    process: "worker",
  },
  tandem_edges_connected: {
    type: "gauge",
    help: "Edges this worker is connected to, per pool.",
    labels: ["pool"],
    process: "worker",
  },
  tandem_edges_outdated: {
    type: "gauge",
    help: "Connected edges whose listeners are not those of the topology in force: they have to be started again.",
    labels: ["pool"],
    process: "worker",
  },
  tandem_topology_version: {
    type: "gauge",
    help: "Version of the topology in force; 0 = none yet.",
    labels: [],
    process: ["worker", "controller", "control-api"],
  },
  tandem_topology_rejected_total: {
    type: "counter",
    help: "Published topologies that could not be put in force; the previous one stayed.",
    labels: [],
    process: ["worker", "controller"],
  },
  tandem_topology_file: {
    type: "gauge",
    help: "1 for how the topology file stands: in-force, superseded (by the API), unusable. Told by its leader.",
    labels: ["standing"],
    process: "controller",
  },
  ...SPOOL_METRICS,
  tandem_draining: {
    type: "gauge",
    help: "1 while the process takes no new ordinary work.",
    labels: [],
    process: ["worker", "edge"],
  },
  tandem_drain_bound_used_ratio: {
    type: "gauge",
    help: "How much of its bound (TANDEM_DRAIN_MS) a worker told to end has used for its drain, 0 to 1; at 1 it ends anyway.",
    labels: [],
    process: "worker",
  },
  tandem_redis_operation_seconds: {
    type: "histogram",
    help: "Round trip of a Redis operation as its caller sees it.",
    labels: ["operation"],
    process: ["worker", "controller", "control-api"],
    buckets: OPERATION_SECONDS,
  },
  tandem_redis_errors_total: {
    type: "counter",
    help: "Redis operations that failed.",
    labels: ["operation", "failure"],
    process: ["worker", "controller", "control-api"],
  },
  tandem_redis_connected: {
    type: "gauge",
    help: "1 while the connection to Redis is ready for commands.",
    labels: [],
    process: ["worker", "controller", "control-api"],
  },
  tandem_redis_primaries_away: {
    type: "gauge",
    help: "Primaries of Redis without a sign of life for some 300 ms: emergency calls do not wait for them. Of a Cluster each counts, else there is one.",
    labels: [],
    process: "worker",
  },
  ...EDGE_METRICS,
  ...CONTROLLER_METRICS,
  ...API_METRICS,
  ...MIXER_METRICS,
  tandem_process_info: {
    type: "gauge",
    help: "Always 1: which process this is. Controllers and control APIs belong to no pool.",
    labels: ["role", "pool", "node"],
    process: "all",
  },
  tandem_event_loop_lag_seconds: {
    type: "gauge",
    help: "Event-loop delay in the worst second since the last scrape, by quantile (0.5, 0.99, 1).",
    labels: ["quantile"],
    process: "all",
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;

/** Names of the metrics of one type. */
export type MetricNameOf<Type extends MetricDefinition["type"]> = {
  [Name in MetricName]: (typeof METRICS)[Name]["type"] extends Type ? Name : never;
}[MetricName];

/** Label names of one metric. */
export type LabelOf<Name extends MetricName> = (typeof METRICS)[Name]["labels"][number];
