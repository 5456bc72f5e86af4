import { createMixerMetrics, createProcessMetrics, metricsPage, Registry } from "@tandem/adapter-prometheus";
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
import { openControl } from "./control.ts";
import { MediaMixer } from "./media-mixer.ts";

const STOP_MS = 5_000;

const config = readConfig(process.env);
const logger = createLogger({ name: "media-mixer", level: config.logLevel });
outliveStrayRejections(logger);

async function main(): Promise<void> {
  const registry = new Registry();
  const measured = createProcessMetrics(registry, { role: "media-mixer", pool: null, node: config.nodeId });
  const mixer = new MediaMixer(config.mixer);
  createMixerMetrics(registry, () => mixer.counts);
  const control = await openControl(mixer, config.control);
  const probes = await startProbeServer({ address: config.http, unready: () => [], metrics: metricsPage(registry) });
  bindShutdown({
    logger,
    // Whoever has a conference here finds it silent and puts the call back, as when a mixer dies.
    drain: () => Promise.resolve(),
    stop: async () => {
      control.close();
      mixer.close();
      measured.stop();
      await probes.close();
    },
    drainTimeoutMs: STOP_MS,
    stopTimeoutMs: STOP_MS,
  });
  const bound = control.address();
  readyLine(logger, {
    id: config.nodeId,
    http: formatSocketAddress(probes.address),
    control: formatSocketAddress({ host: bound.address, port: bound.port }),
  });
}

main().catch((error: unknown) => {
  logger.fatal({ err: error }, "cannot start");
  process.exit(EXIT.unavailable);
});
