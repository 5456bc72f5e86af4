import { API_METRICS } from "./api-catalogue.ts";
import { EMERGENCY_METRICS } from "./emergency-catalogue.ts";
import { OPERATION_SECONDS, SETUP_SECONDS, type MetricDefinition } from "./metric-definition.ts";
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
  tandem_messages_total: {
    type: "counter",
    help: "SIP messages by direction (in, out), transport, method and kind (request, or class of response).",
    labels: ["direction", "transport", "method", "kind"],
    process: "edge",
  },
  tandem_discarded_total: {
    type: "counter",
    help: "SIP messages or bytes dropped or refused before any worker saw them, by cause.",
    labels: ["cause"],
    process: "edge",
  },
  tandem_transactions_active: {
    type: "gauge",
    help: "SIP transactions alive, lingering ones included, by kind.",
    labels: ["kind"],
    process: "edge",
  },
  tandem_transactions_failed_total: {
    type: "counter",
    help: "Client transactions that ended without a response, by reason (timeout, transport).",
    labels: ["reason"],
    process: "edge",
  },
  tandem_retransmissions_total: {
    type: "counter",
    help: "SIP retransmissions: sent by us, or received and absorbed.",
    labels: ["direction"],
    process: "edge",
  },
  tandem_ack_timeouts_total: {
    type: "counter",
    help: "Answered INVITEs whose ACK never came.",
    labels: [],
    process: "edge",
  },
  tandem_connections_active: {
    type: "gauge",
    help: "SIP stream connections, by transport.",
    labels: ["transport"],
    process: "edge",
  },
  tandem_captured_messages_total: {
    type: "counter",
    help: "SIP messages copied to a capture server (HEP), by result (sent, dropped).",
    labels: ["result"],
    process: "edge",
  },
  tandem_certificate_expiry_timestamp_seconds: {
    type: "gauge",
    help: "When the first certificate of a TLS listener's chain ends, Unix time.",
    labels: ["listener"],
    process: ["edge", "control-api"],
  },
  tandem_workers_connected: {
    type: "gauge",
    help: "Workers connected to this edge.",
    labels: [],
    process: "edge",
  },
  tandem_worker_losses_total: {
    type: "counter",
    help: "Connections of workers that ended, or were refused, by reason.",
    labels: ["reason"],
    process: "edge",
  },
  tandem_worker_frames_total: {
    type: "counter",
    help: "Frames exchanged with workers, by direction (in, out).",
    labels: ["direction"],
    process: "edge",
  },
  tandem_requests_waiting: {
    type: "gauge",
    help: "Requests without a final response yet: incoming from peers, outgoing of workers, proxied.",
    labels: ["side"],
    process: "edge",
  },
  tandem_redeliveries_total: {
    type: "counter",
    help: "Transactions offered to another worker because theirs was lost.",
    labels: [],
    process: "edge",
  },
  tandem_unserved_total: {
    type: "counter",
    help: "Requests the edge answered itself: no worker (503), not answered in time or offered too often (500).",
    labels: ["reason", "method"],
    process: "edge",
  },
  tandem_orphans_total: {
    type: "counter",
    help: "Calls of lost workers that another took, or the edge cancelled or ended, and INVITEs of lost edges that it adopted.",
    labels: ["action"],
    process: "edge",
  },
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
    help: "Batches of detail records given up by the webhook deliveries, those of emergency calls included, kept for people to look at.",
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
    help: "Detail records handed to a sink, by result (delivered, retried, failed).",
    labels: ["sink", "result"],
    process: "controller",
  },
  ...API_METRICS,
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
