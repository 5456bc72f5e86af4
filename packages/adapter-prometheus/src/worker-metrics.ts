import type { Registry } from "prom-client";
import type { ConfiguredNames } from "./bounded-label.ts";
import { counter, gauge } from "./metric-set.ts";

/** Facts of a worker process that no call tells. */
export interface WorkerMetrics {
  edgesConnected(pool: string, count: number): void;
  edgesOutdated(pool: string, count: number): void;
  draining(draining: boolean): void;
  topology(version: number): void;
  topologyRejected(): void;
  /** How many primaries of Redis are away. */
  redisAway(primaries: number): void;
  /** A file of finished calls or of notices that could not be read was put aside. */
  spoolFileBad(spool: "calls" | "notices"): void;
  /** Whether the disk for them can be written. */
  spoolWritable(writable: boolean): void;
}

export interface WorkerMetricOptions {
  readonly names: ConfiguredNames;
  readonly maxSetups: number;
  /** How much of its bound the drain of a worker told to end has used, 0 to 1; asked at every scrape. */
  readonly drainUsed: () => number;
}

/** Metrics of the worker's connections and configuration. */
export function createWorkerMetrics(
  registry: Registry,
  { names, maxSetups, drainUsed }: WorkerMetricOptions,
): WorkerMetrics {
  gauge(registry, "tandem_setups_limit").set(maxSetups);
  gauge(registry, "tandem_drain_bound_used_ratio", function collect() {
    this.set(drainUsed());
  });
  const edges = gauge(registry, "tandem_edges_connected");
  const outdated = gauge(registry, "tandem_edges_outdated");
  const draining = gauge(registry, "tandem_draining");
  const away = gauge(registry, "tandem_redis_primaries_away");
  return {
    edgesConnected: (pool, count) => edges.set({ pool: names.pool(pool) }, count),
    edgesOutdated: (pool, count) => outdated.set({ pool: names.pool(pool) }, count),
    draining: (is) => draining.set(is ? 1 : 0),
    redisAway: (primaries) => away.set(primaries),
    ...spoolMetrics(registry),
    ...topologyMetrics(registry),
  };
}

function spoolMetrics(registry: Registry): Pick<WorkerMetrics, "spoolFileBad" | "spoolWritable"> {
  const bad = counter(registry, "tandem_spool_bad_files_total");
  // Shown from the start, so that the first one is an increase.
  for (const spool of ["calls", "notices"]) bad.inc({ spool }, 0);
  const writable = gauge(registry, "tandem_spool_writable");
  // Nothing is wrong before it was tried.
  writable.set(1);
  return { spoolFileBad: (spool) => bad.inc({ spool }), spoolWritable: (is) => writable.set(is ? 1 : 0) };
}

/** Version in force and refused versions; shared by worker and controller. */
export function topologyMetrics(registry: Registry): Pick<WorkerMetrics, "topology" | "topologyRejected"> {
  const version = gauge(registry, "tandem_topology_version");
  const rejected = counter(registry, "tandem_topology_rejected_total");
  return { topology: (value) => version.set(value), topologyRejected: () => rejected.inc() };
}
