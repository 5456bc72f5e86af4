import type { Registry } from "prom-client";
import { cappedLabel, closedLabel, codeClass, type ConfiguredNames } from "./bounded-label.ts";
import { createClusterMetrics, type ClusterMetrics } from "./cluster-metrics.ts";
import { counter, gauge, histogram } from "./metric-set.ts";

/** One answered request. `route` is the pattern (`/trunks/:name`), never the path. */
export interface ApiRequest {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly ms: number;
}

/** What the control API tells. */
export interface ApiMetrics extends ClusterMetrics {
  request(request: ApiRequest): void;
  topology(version: number): void;
}

/** Metrics of the control API process. */
export function createApiMetrics(registry: Registry, names: ConfiguredNames): ApiMetrics {
  const requests = counter(registry, "tandem_http_requests_total");
  const seconds = histogram(registry, "tandem_http_request_seconds");
  const version = gauge(registry, "tandem_topology_version");
  const routes = cappedLabel(100);
  const methods = closedLabel(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
  return {
    ...createClusterMetrics(registry, names),
    topology: (value) => version.set(value),
    request: ({ route: pattern, method, status, ms }) => {
      const route = routes(pattern);
      requests.inc({ route, method: methods(method), status_class: codeClass(status) });
      seconds.observe({ route }, ms / 1_000);
    },
  };
}
