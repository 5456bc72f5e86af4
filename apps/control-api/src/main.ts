import { bindShutdown, createLogger, EXIT, outliveStrayRejections, readyLine } from "@tandem/runtime";
import { readConfig } from "./config.ts";
import { startControlApi } from "./wire.ts";

const config = readConfig(process.env);
const logger = createLogger({ name: "control-api", level: config.logLevel });
outliveStrayRejections(logger);

/** A server that cannot be bound ends the process with one line. */
async function start(): Promise<void> {
  const started = await startControlApi(config, logger);
  if (!started.ok) {
    logger.fatal({ code: started.error.code, detail: started.error.detail }, "cannot start");
    process.exit(EXIT.configuration);
  }
  const running = started.value;
  bindShutdown({
    logger,
    drain: async () => {},
    stop: () => running.close(),
    drainTimeoutMs: 1_000,
    stopTimeoutMs: 5_000,
  });
  readyLine(logger, { id: config.nodeId, api: running.api, http: running.http, held: running.held });
}

start().catch((error: unknown) => {
  logger.fatal({ err: error }, "cannot start");
  process.exit(EXIT.unavailable);
});
