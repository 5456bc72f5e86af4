import type { TrunkHealth, TrunkState } from "@tandem/call-control";
import type { Registry } from "prom-client";
import type { ConfiguredNames } from "./bounded-label.ts";
import { gauge } from "./metric-set.ts";

/** Cluster-wide facts read from Redis; shown by the controller and the control API, the same on each. */
export interface ClusterMetrics {
  callsActive(count: number): void;
  /** The whole board: trunks absent from it disappear from the metric. */
  trunkHealth(board: Iterable<TrunkHealth>): void;
  /** The whole table: trunks absent from it disappear from the metric. */
  trunkLoads(loads: ReadonlyMap<string, number>): void;
}

const HEALTH_VALUE: Readonly<Record<TrunkState, number>> = { up: 1, down: 0, unknown: -1 };

/** Gauges of live calls, trunk health and trunk load. */
export function createClusterMetrics(registry: Registry, names: ConfiguredNames): ClusterMetrics {
  const calls = gauge(registry, "tandem_calls_active");
  const up = gauge(registry, "tandem_trunk_up");
  const load = gauge(registry, "tandem_trunk_load_calls");
  return {
    callsActive: (count) => calls.set(count),
    trunkHealth: (board) => {
      up.reset();
      for (const health of board) up.set({ trunk: names.trunk(health.trunk) }, HEALTH_VALUE[health.state]);
    },
    trunkLoads: (loads) => {
      load.reset();
      for (const [trunk, count] of loads) load.inc({ trunk: names.trunk(trunk) }, count);
    },
  };
}
