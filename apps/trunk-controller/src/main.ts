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
import { wireController } from "./wire.ts";

/** Longest the end of a term and the closing of connections may take. */
const STOP_MS = 15_000;

const config = readConfig(process.env);
const logger = createLogger({ name: "trunk-controller", level: config.logLevel });
outliveStrayRejections(logger);

async function main(): Promise<void> {
  const wired = wireController(config, logger);
  if (!wired.ok) {
    logger.fatal({ failure: wired.error.code, detail: wired.error.detail }, "configuration cannot be used");
    process.exit(EXIT.configuration);
  }
  const controller = wired.value;
  const probes = await startProbeServer({
    address: config.http,
    unready: controller.unready,
    metrics: controller.metrics,
  });
  const http = formatSocketAddress(probes.address);
  bindShutdown({
    logger,
    // A controller has nothing under way that a successor could not go on with.
    drain: () => Promise.resolve(),
    stop: async () => {
      await controller.stop();
      await probes.close();
    },
    drainTimeoutMs: STOP_MS,
    stopTimeoutMs: STOP_MS,
  });
  process.on("SIGHUP", () => {
    controller.reopenFiles();
  });
  await controller.start(http);
  readyLine(logger, { id: config.nodeId, http });
}

main().catch((error: unknown) => {
  logger.fatal({ err: error }, "cannot start");
  process.exit(EXIT.unavailable);
});
