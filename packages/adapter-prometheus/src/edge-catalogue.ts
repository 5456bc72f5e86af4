import type { MetricDefinition } from "./metric-definition.ts";

/** Of sockets, transactions and the workers that an edge serves. */
export const EDGE_METRICS = {
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
    help: "Client transactions that ended without a response, by reason (timeout, transport, tls).",
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
  tandem_receive_wait_seconds: {
    type: "gauge",
    help: "How long what comes over UDP waits until it is read, where that stood for some tenths of a second.",
    labels: [],
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
    help: "Requests the edge answered itself: no worker, or OPTIONS while it drains (503), not answered in time or offered too often (500).",
    labels: ["reason", "method"],
    process: "edge",
  },
  tandem_orphans_total: {
    type: "counter",
    help: "Calls of lost workers that another took, or the edge cancelled or ended, and INVITEs of lost edges that it adopted.",
    labels: ["action"],
    process: "edge",
  },
} as const satisfies Record<string, MetricDefinition>;
