import { startEdge } from "@tandem/adapter-drachtio/edge";
import { openCapture } from "@tandem/adapter-hep";
import { createEdgeMetrics, createProcessMetrics, metricsPage, Registry } from "@tandem/adapter-prometheus";
import {
  bindShutdown,
  createLogger,
  EXIT,
  formatSocketAddress,
  outliveStrayRejections,
  readyLine,
  startProbeServer,
} from "@tandem/runtime";
import { readConfig } from "./config.ts";

/** Longest the closing of sockets may take. */
const STOP_MS = 10_000;

const config = readConfig(process.env);
const logger = createLogger({ name: "sip-edge", level: config.logLevel });
outliveStrayRejections(logger);

/**
 * The life of an edge:
 * 1. SIP listeners and the port for workers are bound, then the probe server; the ready line tells all addresses.
 * 2. SIGTERM: `/readyz` says "draining", and OPTIONS get 503, so that peers turn elsewhere. The edge knows no calls and refuses none: it goes on serving,
 *    for `TANDEM_LINGER_MS` at least, until no request was under way for two seconds, or the bound is reached.
 * 3. Emergency calls that are set up through it then are waited for beyond that, for `TANDEM_EMERGENCY_HOLD_MS` at most.
 * 4. Then, or at once on SIGINT, workers are disconnected and the sockets close. What is unanswered gets 503, except INVITEs over UDP of workers that said they bring
 *    them to another edge of the pool.
 */
async function main(): Promise<void> {
  const capture = openCapture(config.hep, logger);
  const edge = await startEdge({ ...config, ...(capture === undefined ? {} : { capture }) }, logger);
  const registry = new Registry();
  const processMetrics = createProcessMetrics(registry, { role: "edge", pool: config.pool, node: config.nodeId });
  createEdgeMetrics(registry, edge.snapshot);
  const probes = await startProbeServer({
    address: config.http,
    unready: edge.unready,
    unserved: edge.unserved,
    metrics: metricsPage(registry),
  });
  bindShutdown({
    logger,
    drain: () => edge.drain(config.lingerMs),
    stop: async () => {
      processMetrics.stop();
      await edge.stop();
      await capture?.close();
      await probes.close();
    },
    drainTimeoutMs: config.lingerMs + config.drainMs,
    hold: { holds: edge.holds, timeoutMs: config.emergencyHoldMs },
    stopTimeoutMs: STOP_MS,
  });
  const http = formatSocketAddress(probes.address);
  readyLine(logger, { id: config.nodeId, pool: config.pool, http, ...edge.addresses });
}

main().catch((error: unknown) => {
  logger.fatal({ err: error }, "cannot start");
  process.exit(EXIT.unavailable);
});
