import pino from "pino";

/** One log entry: static message, variable facts in fields. Personal data only under the key `pii`. */
export interface LogMethod {
  (message: string): void;
  (fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Structured logger; JSON lines. Before anything is served errors go under the key `err`, later as `faultOf` tells them: without their message. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
  /** A logger with these fields in every line, at the same level unless another is given. */
  child(fields: Readonly<Record<string, unknown>>, options?: { readonly level?: LogLevel }): Logger;
}

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  /** Process name, in every line. */
  readonly name: string;
  readonly level: LogLevel;
  /** Where the lines go; default standard output. */
  readonly stream?: { write(line: string): void };
  /** Show what stands under `pii` keys. Default: only when the environment says `TANDEM_LOG_PII=on`. */
  readonly showPersonalData?: boolean;
}

/** pino's redaction needs fixed depths: the entry itself, one and two objects down. */
const PERSONAL_DATA_PATHS = ["pii", "*.pii", "*.*.pii"];

/** A logger of JSON lines. Whatever stands under a `pii` key is replaced unless personal data was explicitly asked for. */
export function createLogger(options: LoggerOptions): Logger {
  const show = options.showPersonalData ?? process.env["TANDEM_LOG_PII"] === "on";
  return pino(
    {
      name: options.name,
      level: options.level,
      timestamp: pino.stdTimeFunctions.isoTime,
      ...(show ? {} : { redact: { paths: PERSONAL_DATA_PATHS, censor: "[redacted]" } }),
    },
    options.stream ?? pino.destination({ dest: 1, sync: true }),
  );
}

/**
 * The one line a process prints when it serves, whatever the log level, because programs wait for it; `addresses` are the bound ones
 * (`http`, `admin`, `listeners`, `api`).
 */
export function readyLine(logger: Logger, addresses: Readonly<Record<string, unknown>>): void {
  logger.child({}, { level: "info" }).info(addresses, "ready");
}
