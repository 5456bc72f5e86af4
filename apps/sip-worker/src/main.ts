import { startEdge } from "@tandem/adapter-drachtio/edge";
import { openCapture } from "@tandem/adapter-hep";
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
import { wireWorker } from "./wire.ts";

/** Longest the closing of connections may take. */
const STOP_MS = 10_000;

const config = readConfig(process.env);
const logger = createLogger({ name: "sip-worker", level: config.logLevel });
outliveStrayRejections(logger);

/**
 * The life of a worker. With listeners it is fused: their sockets are bound first, what arrives waits for the worker beside them, and they close last.
 */
async function main(): Promise<void> {
  const capture = config.edge === null ? undefined : openCapture(config.hep, logger);
  const captured = capture === undefined ? {} : { capture };
  const edge = config.edge === null ? null : await startEdge({ ...config, ...config.edge, ...captured }, logger);
  const wired = wireWorker(config, logger, edge);
  if (!wired.ok) {
    logger.fatal({ failure: wired.error.code, detail: wired.error.detail }, "configuration cannot be used");
    process.exit(EXIT.configuration);
  }
  const worker = wired.value;
  const { unready, unserved, metrics } = worker;
  const probes = await startProbeServer({ address: config.http, unready, unserved, metrics });
  const http = formatSocketAddress(probes.address);
  bindShutdown({
    logger,
    drain: () => worker.drain(),
    stop: async () => {
      await worker.stop();
      await capture?.close();
      await probes.close();
    },
    drainTimeoutMs: config.lingerMs + config.drainMs,
    ...(edge === null ? {} : { hold: { holds: edge.holds, timeoutMs: config.emergencyHoldMs } }),
    stopTimeoutMs: STOP_MS,
  });
  await worker.start(http);
  readyLine(logger, { id: config.nodeId, pool: config.pool, http, ...edge?.addresses });
}

main().catch((error: unknown) => {
  logger.fatal({ err: error }, "cannot start");
  process.exit(EXIT.unavailable);
});
