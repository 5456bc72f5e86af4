import type { Registry } from "prom-client";
import { cappedLabel } from "./bounded-label.ts";
import { counter, histogram } from "./metric-set.ts";

/** What a Redis adapter tells of each operation. `failure` is a failure code, or null when it worked. */
export type RedisObserver = (operation: string, ms: number, failure: string | null) => void;

/** Latency histogram and error counter of Redis operations. */
export function createRedisMetrics(registry: Registry): RedisObserver {
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
