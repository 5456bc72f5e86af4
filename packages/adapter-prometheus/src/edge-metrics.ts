import type { Registry } from "prom-client";
import { cappedLabel, closedLabel, methodLabel } from "./bounded-label.ts";
import { counter, gauge } from "./metric-set.ts";

/** Counts by a label value of the edge's own making. */
type CountsByName = Readonly<Record<string, number>>;

/** What an edge knows of itself: counters since its start, gauges of this moment. Read once per metric and scrape. */
export interface EdgeSnapshot {
  readonly messages: readonly {
    readonly direction: string;
    readonly transport: string;
    readonly method: string;
    readonly kind: string;
    readonly count: number;
  }[];
  readonly discarded: CountsByName;
  readonly transactions: CountsByName;
  readonly failures: CountsByName;
  readonly retransmissions: CountsByName;
  readonly ackTimeouts: number;
  readonly connections: CountsByName;
  readonly workers: number;
  readonly workerLosses: CountsByName;
  readonly workerFrames: CountsByName;
  readonly waiting: CountsByName;
  /** Milliseconds. */
  readonly receiveWaitMs: number;
  readonly redeliveries: number;
  readonly unserved: readonly { readonly reason: string; readonly method: string; readonly count: number }[];
  readonly orphans: CountsByName;
  readonly draining: boolean;
  /** When each TLS listener's certificate ends, epoch milliseconds, by the listener's name. */
  readonly certificateEnds: CountsByName;
  /** Messages copied to a capture server, by result; empty when there is none. */
  readonly captured: CountsByName;
}

/** More causes, reasons and kinds than the edge has; what comes on top counts as `other`. */
const MOST_VALUES = 50;

/**
 * Metrics of an edge process, or of the edge in a fused one, after the worker's. The edge counts in plain fields, because it counts for every message, and is asked at every scrape.
 */
export function createEdgeMetrics(registry: Registry, snapshot: () => EdgeSnapshot): void {
  registerMessages(registry, snapshot);
  registerTransactions(registry, snapshot);
  registerWorkers(registry, snapshot);
}

function registerMessages(registry: Registry, snapshot: () => EdgeSnapshot): void {
  const transport = closedLabel(["udp", "tcp", "tls"]);
  const cause = cappedLabel(MOST_VALUES);
  counter(registry, "tandem_messages_total", function collect() {
    this.reset();
    for (const { direction, transport: used, method, kind, count } of snapshot().messages) {
      this.inc({ direction, transport: transport(used), method: methodLabel(method), kind }, count);
    }
  });
  counter(registry, "tandem_discarded_total", function collect() {
    this.reset();
    for (const [name, count] of Object.entries(snapshot().discarded)) this.inc({ cause: cause(name) }, count);
  });
  counter(registry, "tandem_retransmissions_total", function collect() {
    this.reset();
    for (const [direction, count] of Object.entries(snapshot().retransmissions)) this.inc({ direction }, count);
  });
  counter(registry, "tandem_captured_messages_total", function collect() {
    this.reset();
    for (const [result, count] of Object.entries(snapshot().captured)) this.inc({ result }, count);
  });
  gauge(registry, "tandem_certificate_expiry_timestamp_seconds", function collect() {
    for (const [listener, endMs] of Object.entries(snapshot().certificateEnds)) this.set({ listener }, endMs / 1_000);
  });
  gauge(registry, "tandem_connections_active", function collect() {
    for (const [used, count] of Object.entries(snapshot().connections)) this.set({ transport: transport(used) }, count);
  });
}

function registerTransactions(registry: Registry, snapshot: () => EdgeSnapshot): void {
  gauge(registry, "tandem_transactions_active", function collect() {
    for (const [kind, count] of Object.entries(snapshot().transactions)) this.set({ kind }, count);
  });
  counter(registry, "tandem_transactions_failed_total", function collect() {
    this.reset();
    for (const [reason, count] of Object.entries(snapshot().failures)) this.inc({ reason }, count);
  });
  counter(registry, "tandem_ack_timeouts_total", function collect() {
    this.reset();
    this.inc(snapshot().ackTimeouts);
  });
  gauge(registry, "tandem_requests_waiting", function collect() {
    for (const [side, count] of Object.entries(snapshot().waiting)) this.set({ side }, count);
  });
  gauge(registry, "tandem_receive_wait_seconds", function collect() {
    this.set(snapshot().receiveWaitMs / 1_000);
  });
  counter(registry, "tandem_redeliveries_total", function collect() {
    this.reset();
    this.inc(snapshot().redeliveries);
  });
  counter(registry, "tandem_unserved_total", function collect() {
    this.reset();
    for (const { reason, method, count } of snapshot().unserved) {
      this.inc({ reason, method: methodLabel(method) }, count);
    }
  });
  counter(registry, "tandem_orphans_total", function collect() {
    this.reset();
    for (const [action, count] of Object.entries(snapshot().orphans)) this.inc({ action }, count);
  });
}

function registerWorkers(registry: Registry, snapshot: () => EdgeSnapshot): void {
  const reason = cappedLabel(MOST_VALUES);
  gauge(registry, "tandem_workers_connected", function collect() {
    this.set(snapshot().workers);
  });
  counter(registry, "tandem_worker_losses_total", function collect() {
    this.reset();
    for (const [name, count] of Object.entries(snapshot().workerLosses)) this.inc({ reason: reason(name) }, count);
  });
  counter(registry, "tandem_worker_frames_total", function collect() {
    this.reset();
    for (const [direction, count] of Object.entries(snapshot().workerFrames)) this.inc({ direction }, count);
  });
  // A fused process drains as one: its worker, registered before, tells.
  if (registry.getSingleMetric("tandem_draining") !== undefined) return;
  gauge(registry, "tandem_draining", function collect() {
    this.set(snapshot().draining ? 1 : 0);
  });
}
