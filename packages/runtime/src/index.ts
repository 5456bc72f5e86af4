export { formatSocketAddress, parseSocketAddress, type SocketAddress } from "./address.ts";
export { systemClock } from "./clock.ts";
export {
  configurationOrExit,
  field,
  parseConfiguration,
  type Configuration,
  type Environment,
} from "./configuration.ts";
export { EXIT } from "./exit-codes.ts";
export {
  createLogger,
  LOG_LEVELS,
  readyLine,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type LogMethod,
} from "./logger.ts";
export { redisUrlOf, redisVariables } from "./redis-variables.ts";
export { startProbeServer, type ProbeServer, type ProbeServerOptions } from "./probe-server.ts";
export { bindShutdown, type ShutdownHost, type ShutdownSteps } from "./shutdown.ts";
export { outliveStrayRejections } from "./stray-rejections.ts";
