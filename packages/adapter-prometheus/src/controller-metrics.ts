import type { Member, ProbeResult, TrunkHealth } from "@tandem/call-control";
import type { Registry } from "prom-client";
import { cappedLabel, type ConfiguredNames } from "./bounded-label.ts";
import { createClusterMetrics, type ClusterMetrics } from "./cluster-metrics.ts";
import { createEmergencyMetrics, type EmergencyMetrics } from "./emergency-metrics.ts";
import { counter, gauge, histogram } from "./metric-set.ts";
import { topologyMetrics, type WorkerMetrics } from "./worker-metrics.ts";

/** What the controller tells. */
export interface ControllerMetrics extends ClusterMetrics, Pick<WorkerMetrics, "topology" | "topologyRejected"> {
  leader(held: boolean): void;
  /** The whole list: who is not on it any more leaves the metric. */
  membersLost(members: readonly Pick<Member, "role" | "pool">[]): void;
  probe(result: ProbeResult): void;
  trunkTransition(health: TrunkHealth): void;
  swept(calls: number): void;
  detailRecordBacklog(records: number): void;
  /** Counts so many records, default one. */
  detailRecord(sink: string, result: "delivered" | "retried" | "failed", count?: number): void;
  leasesSwept(leases: number): void;
  deadLetters(batches: number): void;
  readonly emergency: EmergencyMetrics;
  topologyFile(standing: "in-force" | "superseded" | "unusable"): void;
}

/** Metrics of the controller process. */
export function createControllerMetrics(registry: Registry, names: ConfiguredNames): ControllerMetrics {
  const leader = gauge(registry, "tandem_leader");
  const swept = counter(registry, "tandem_calls_swept_total");
  const leases = counter(registry, "tandem_gate_leases_swept_total");
  const deadLetters = gauge(registry, "tandem_detail_dead_letters");
  const topologyFile = gauge(registry, "tandem_topology_file");
  return {
    ...createClusterMetrics(registry, names),
    ...topologyMetrics(registry),
    ...probeMetrics(registry, names),
    ...detailRecordMetrics(registry),
    membersLost: lossMetric(registry, names),
    leader: (held) => leader.set(held ? 1 : 0),
    swept: (calls) => swept.inc(calls),
    leasesSwept: (count) => leases.inc(count),
    emergency: createEmergencyMetrics(registry, names),
    deadLetters: (batches) => deadLetters.set(batches),
    topologyFile: (standing) => {
      topologyFile.reset();
      topologyFile.set({ standing }, 1);
    },
  };
}

function lossMetric(registry: Registry, names: ConfiguredNames): ControllerMetrics["membersLost"] {
  const lost = gauge(registry, "tandem_members_lost");
  return (members) => {
    lost.reset();
    for (const { role, pool } of members) lost.inc({ role, pool: pool === null ? "" : names.pool(pool) });
  };
}

function probeMetrics(
  registry: Registry,
  names: ConfiguredNames,
): Pick<ControllerMetrics, "probe" | "trunkTransition"> {
  const probes = counter(registry, "tandem_probes_total");
  const seconds = histogram(registry, "tandem_probe_seconds");
  const transitions = counter(registry, "tandem_trunk_transitions_total");
  return {
    probe: (result) => {
      const trunk = names.trunk(result.trunk);
      probes.inc({ trunk, outcome: result.outcome });
      if (result.outcome === "answered") seconds.observe({ trunk }, result.roundTripMs / 1_000);
    },
    trunkTransition: (health) => transitions.inc({ trunk: names.trunk(health.trunk), state: health.state }),
  };
}

function detailRecordMetrics(registry: Registry): Pick<ControllerMetrics, "detailRecordBacklog" | "detailRecord"> {
  const backlog = gauge(registry, "tandem_detail_records_backlog");
  const records = counter(registry, "tandem_detail_records_total");
  const sinks = cappedLabel(20);
  return {
    detailRecordBacklog: (count) => backlog.set(count),
    detailRecord: (sink, result, count = 1) => records.inc({ sink: sinks(sink), result }, count),
  };
}
