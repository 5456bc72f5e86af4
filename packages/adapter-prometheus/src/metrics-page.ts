import type { Registry } from "prom-client";

/** The registry as the probe server's `/metrics` wants it. */
export function metricsPage(
  registry: Registry,
): () => Promise<{ readonly contentType: string; readonly body: string }> {
  return async () => ({ contentType: registry.contentType, body: await registry.metrics() });
}
