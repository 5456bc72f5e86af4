import type { TrunkHealth, TrunkState } from "@tandem/call-control";
import type { Topology } from "@tandem/domain";
import type { Registry } from "prom-client";
import type { ConfiguredNames } from "./bounded-label.ts";
import { gauge } from "./metric-set.ts";

/** Cluster-wide facts read from Redis; shown by the controller and the control API, the same on each. */
export interface ClusterMetrics {
  callsActive(count: number): void;
  /** The topology in force: where each trunk belongs, and how much it may carry. */
  configured(topology: Topology): void;
  /** The whole board: trunks of the topology that are absent from it are not known, others disappear from the metric. */
  trunkHealth(board: Iterable<TrunkHealth>): void;
  /** The whole table: trunks of the topology that are absent from it carry none, others disappear from the metric. */
  trunkLoads(loads: ReadonlyMap<string, number>): void;
}

const HEALTH_VALUE: Readonly<Record<TrunkState, number>> = { up: 1, down: 0, unknown: -1 };

/** Gauges of live calls, trunk health and trunk load. */
export function createClusterMetrics(registry: Registry, names: ConfiguredNames): ClusterMetrics {
  const calls = gauge(registry, "tandem_calls_active");
  const up = gauge(registry, "tandem_trunk_up");
  const load = gauge(registry, "tandem_trunk_load_calls");
  const facts = trunkFacts(registry, names);
  let configured: readonly string[] = [];
  return {
    configured: (topology) => {
      configured = topology.trunks.map(({ name }) => names.trunk(name));
      facts(topology);
    },
    callsActive: (count) => calls.set(count),
    trunkHealth: (board) => {
      up.reset();
      for (const trunk of configured) up.set({ trunk }, HEALTH_VALUE.unknown);
      for (const health of board) up.set({ trunk: names.trunk(health.trunk) }, HEALTH_VALUE[health.state]);
    },
    trunkLoads: (loads) => {
      load.reset();
      for (const trunk of configured) load.set({ trunk }, 0);
      for (const [trunk, count] of loads) load.inc({ trunk: names.trunk(trunk) }, count);
    },
  };
}

function trunkFacts(registry: Registry, names: ConfiguredNames): ClusterMetrics["configured"] {
  const info = gauge(registry, "tandem_trunk_info");
  const limit = gauge(registry, "tandem_trunk_limit_calls");
  return (topology) => {
    const { trunks } = topology;
    const partOf = emergencyParts(topology);
    info.reset();
    limit.reset();
    for (const { name, pool, gateway, settings } of trunks) {
      const trunk = names.trunk(name);
      // Names beyond the bound share one label value, which then belongs nowhere in particular.
      if (trunk !== name) continue;
      info.set({ trunk, pool: names.pool(pool), gateway, emergency: partOf(name) }, 1);
      if (settings.maxCalls > 0) limit.set({ trunk }, settings.maxCalls);
    }
  };
}

/**
 * What emergency calls have of a trunk: nothing of one that is switched off. Those to an E9-1-1 provider are emergency trunks without being named, but for the way in clear of another.
 */
function emergencyParts({ trunks, gateways, emergency }: Topology): (trunk: string) => string {
  const { policies } = emergency;
  const providers = new Set(gateways.filter(({ kind }) => kind === "e911").map(({ name }) => name));
  const twins = new Set(trunks.map(({ settings }) => settings.clearTrunk));
  const off = new Set(trunks.filter(({ settings }) => !settings.enabled).map(({ name }) => name));
  const unnamed = trunks.filter(({ name, gateway }) => providers.has(gateway) && !twins.has(name));
  const named = [...emergency.trunks, ...policies.flatMap((policy) => policy.trunks)];
  const first = new Set([...named, ...unnamed.map(({ name }) => name)]);
  const fallback = new Set([...emergency.fallbackTrunks, ...policies.flatMap(({ fallbackTrunks }) => fallbackTrunks)]);
  return (trunk) => {
    if (off.has(trunk)) return "none";
    if (first.has(trunk)) return "first";
    return fallback.has(trunk) ? "fallback" : "none";
  };
}
