import { monitorEventLoopDelay } from "node:perf_hooks";
import { collectDefaultMetrics, type Registry } from "prom-client";
import { LastingDelay } from "./lasting-delay.ts";
import { gauge } from "./metric-set.ts";

const RESOLUTION_MS = 20;
const SAMPLE_MS = 1_000;
const QUANTILES = ["0.5", "0.99", "1"] as const;
/** prom-client watches the event loop, too, by a timer of 10 ms: of the wake-ups of an idle process it was two thirds, for figures that ours tell as well. */
const NEVER_MS = 2 ** 31 - 1;
const LIBRARY_LAG = /^nodejs_eventloop_lag_(min|max|mean|stddev|p\d\d)_seconds$/;

export interface ProcessMetrics {
  /** Delay of the event loop that lasted (99th percentile of a second, the lower of the last two), milliseconds; feeds overload control. */
  lagMs(): number;
  stop(): void;
}

/** Which process of the cluster this is. */
export interface ProcessIdentity {
  readonly role: "worker" | "edge" | "controller" | "control-api" | "media-mixer";
  /** null: it serves all pools. */
  readonly pool: string | null;
  /** Its unique id. */
  readonly node: string;
}

/** prom-client's process defaults (CPU, memory, garbage collection) but its event-loop quantiles, who the process is, and the event-loop lag. */
export function createProcessMetrics(registry: Registry, { role, pool, node }: ProcessIdentity): ProcessMetrics {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: NEVER_MS });
  for (const { name } of registry.getMetricsAsArray()) if (LIBRARY_LAG.test(name)) registry.removeSingleMetric(name);
  gauge(registry, "tandem_process_info").set({ role, pool: pool ?? "", node }, 1);
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const worst = new Map<string, number>();
  const lag = new LastingDelay();
  monitor.enable();
  const sampling = setInterval(() => {
    lag.add(delayMs(monitor.percentile(99)));
    for (const quantile of QUANTILES) {
      const ms = delayMs(monitor.percentile(Number(quantile) * 100));
      worst.set(quantile, Math.max(ms, worst.get(quantile) ?? 0));
    }
    monitor.reset();
  }, SAMPLE_MS);
  sampling.unref();
  gauge(registry, "tandem_event_loop_lag_seconds", function collect() {
    for (const quantile of QUANTILES) this.set({ quantile }, (worst.get(quantile) ?? 0) / 1_000);
    worst.clear();
  });
  return {
    lagMs: () => lag.ms,
    stop: () => {
      clearInterval(sampling);
      monitor.disable();
    },
  };
}

/** The monitor measures whole ticks of its own timer; the delay is what exceeds one. */
function delayMs(nanoseconds: number): number {
  return Math.max(nanoseconds / 1e6 - RESOLUTION_MS, 0);
}
