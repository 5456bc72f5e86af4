import type { Registry } from "prom-client";
import { cappedLabel } from "./bounded-label.ts";
import { counter, gauge, histogram } from "./metric-set.ts";

/** What a Redis adapter tells. */
export interface RedisMetrics {
  /** Each operation; `failure` is a failure code, or null when it worked. */
  readonly operation: (name: string, ms: number, failure: string | null) => void;
  /** Whether the connection is ready for commands. */
  connected(is: boolean): void;
}

/** Latency histogram and error counter of Redis operations, and whether Redis is there at all. */
export function createRedisMetrics(registry: Registry): RedisMetrics {
  const connected = gauge(registry, "tandem_redis_connected");
  return { operation: operationMetrics(registry), connected: (is) => connected.set(is ? 1 : 0) };
}

function operationMetrics(registry: Registry): RedisMetrics["operation"] {
  const seconds = histogram(registry, "tandem_redis_operation_seconds");
  const errors = counter(registry, "tandem_redis_errors_total");
  const operations = cappedLabel(50);
  const failures = cappedLabel(20);
  /** Several operations per SIP message: the labelled histograms are looked up once. */
  const byOperation = new Map<string, ReturnType<typeof seconds.labels>>();
  return (name, ms, failure) => {
    let child = byOperation.get(name);
    if (child === undefined) {
      child = seconds.labels(operations(name));
      if (operations(name) === name) byOperation.set(name, child);
    }
    child.observe(ms / 1_000);
    if (failure !== null) errors.inc({ operation: operations(name), failure: failures(failure) });
  };
}
