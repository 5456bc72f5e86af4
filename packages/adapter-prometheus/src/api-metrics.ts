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
  /** A device's question for its location was answered so: `location`, `too-many-requests`, or the code of the HELD error. */
  heldAnswer(answer: string): void;
  /** Asked at every look: when each TLS listener's certificate ends (epoch ms), null for one without TLS. */
  certificateEnds(ends: () => Readonly<Record<string, number | null>>): void;
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
    ...heldMetrics(registry),
    request: ({ route: pattern, method, status, ms }) => {
      const route = routes(pattern);
      requests.inc({ route, method: methods(method), status_class: codeClass(status) });
      seconds.observe({ route }, ms / 1_000);
    },
  };
}

function heldMetrics(registry: Registry): Pick<ApiMetrics, "heldAnswer" | "certificateEnds"> {
  const requests = counter(registry, "tandem_held_requests_total");
  const answers = cappedLabel(20);
  let certificates: () => Readonly<Record<string, number | null>> = () => ({});
  gauge(registry, "tandem_certificate_expiry_timestamp_seconds", function collect() {
    for (const [listener, endMs] of Object.entries(certificates())) {
      if (endMs !== null) this.set({ listener }, endMs / 1_000);
    }
  });
  return {
    heldAnswer: (answer) => requests.inc({ answer: answers(answer) }),
    certificateEnds: (ends) => {
      certificates = ends;
    },
  };
}
