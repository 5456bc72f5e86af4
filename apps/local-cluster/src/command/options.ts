import { resolve } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { err, ok, type Result } from "@tandem/domain";
import { LOG_LEVELS, parseSocketAddress, type Environment, type LogLevel, type SocketAddress } from "@tandem/runtime";

/** What the command line and the environment ask of the local cluster. */
export interface Options {
  readonly help: boolean;
  /** Absolute path of the topology document. */
  readonly topologyFile: string;
  /** Start simulated gateways and place the sample calls. */
  readonly demonstration: boolean;
  /** End after the demonstration. */
  readonly once: boolean;
  /** One JSON line with every address on standard output; everything for people goes to standard error. */
  readonly json: boolean;
  /** Redis to use; null: the topology's, else one of our own. */
  readonly redisUrl: string | null;
  /** null: where the topology says, else any port of 127.0.0.1. */
  readonly api: SocketAddress | null;
  /** `name:key,…` for the control API; null: make one key. */
  readonly apiKeys: string | null;
  /** First port of the processes' /metrics on 127.0.0.1; null: where the topology says, else any ports. */
  readonly httpBase: number | null;
  /** Folder for logs and call detail records; null: a temporary one, removed at the end. */
  readonly dataFolder: string | null;
  readonly logLevel: LogLevel;
  /** Longest a drain waits for calls being set up, milliseconds. */
  readonly drainMs: number;
}

/** Where relative paths of the command line start, and which topology is used when none is named. */
export interface OptionDefaults {
  readonly workingFolder: string;
  readonly topologyFile: string;
}

/** The text of `--help`. */
export const USAGE = `Starts a whole Tandem cluster on this machine: Redis, edges, workers, controller and control API.

  npm start [-- OPTIONS]

  --topology FILE    topology document, YAML or JSON (default deploy/sample/topology.yaml)
  --no-demo          serve real peers only: no simulated gateways, no sample calls
  --once             place the sample calls, drain and end; code 0 only if all ended as they should
  --json             print one JSON line with every address once ready; the rest goes to standard error
  --redis URL        use this Redis: redis://host:port/db, rediss://…, sentinel://…, cluster://…
  --api HOST:PORT    where the control API listens (default 127.0.0.1, any free port)
  --http-base PORT   give /metrics of the processes this port and the next ones (default any free ports)
  --data FOLDER      keep logs and call detail records here (default a temporary folder)
  --drain SECONDS    longest the end waits for calls being set up (default 10)
  --log-level LEVEL  ${LOG_LEVELS.join(", ")} (default info)
  --help             this text

  Environment: TANDEM_REDIS, TANDEM_API, TANDEM_API_KEYS (name:key,…), TANDEM_LOG_LEVEL. An option beats its variable, and both
  beat the topology's sections redis, api, http and admin. SIP ports come from the topology's listeners.

  Exit codes: 0 ended as asked, 1 a sample call failed, 64 wrong command line, 65 topology has errors, 66 topology unreadable,
  69 Redis unreachable, 70 a process failed, 73 port in use, 74 address not on this machine, 77 missing rights,
  130 interrupted before ready.
`;

const LONGEST_DRAIN_MS = 3_600_000;

const FLAGS = {
  topology: { type: "string" },
  "no-demo": { type: "boolean" },
  once: { type: "boolean" },
  json: { type: "boolean" },
  redis: { type: "string" },
  api: { type: "string" },
  "http-base": { type: "string" },
  data: { type: "string" },
  drain: { type: "string" },
  "log-level": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const satisfies NonNullable<ParseArgsConfig["options"]>;

/** Reads the command line; an error is one sentence. An empty variable counts as absent. */
export function readOptions(
  args: readonly string[],
  environment: Environment,
  defaults: OptionDefaults,
): Result<Options, string> {
  const flags = readFlags(args);
  if (!flags.ok) return flags;
  const given = flags.value;
  if (given.once === true && given["no-demo"] === true) {
    return err("--once and --no-demo together leave nothing to do; leave out one of them.");
  }
  const apiText = given.api ?? variable(environment, "TANDEM_API");
  const api = apiText === undefined ? null : parseSocketAddress(apiText);
  if (api === undefined) return err("The address of the control API must read HOST:PORT, for example 127.0.0.1:8080.");
  const logLevel = LOG_LEVELS.find(
    (level) => level === (given["log-level"] ?? variable(environment, "TANDEM_LOG_LEVEL") ?? "info"),
  );
  if (logLevel === undefined) return err(`The log level must be one of ${LOG_LEVELS.join(", ")}.`);
  const drainMs = Math.round(Number(given.drain ?? "10") * 1_000);
  if (!(drainMs >= 0 && drainMs <= LONGEST_DRAIN_MS)) return err("--drain must be a number of seconds up to 3600.");
  const httpBase = given["http-base"] === undefined ? ok(null) : readPort(given["http-base"]);
  if (!httpBase.ok) return httpBase;
  return ok({
    help: given.help ?? false,
    topologyFile: resolve(defaults.workingFolder, given.topology ?? defaults.topologyFile),
    demonstration: given["no-demo"] !== true,
    once: given.once ?? false,
    json: given.json ?? false,
    redisUrl: given.redis ?? variable(environment, "TANDEM_REDIS") ?? null,
    api,
    apiKeys: variable(environment, "TANDEM_API_KEYS") ?? null,
    httpBase: httpBase.value,
    dataFolder: given.data === undefined ? null : resolve(defaults.workingFolder, given.data),
    logLevel,
    drainMs,
  });
}

function readFlags(args: readonly string[]) {
  try {
    return ok(parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values);
  } catch (error) {
    // Node's message names the flag and ends with hints that run over several sentences: the first is enough.
    const text = error instanceof Error ? error.message : String(error);
    return err(`${text.split(/\. |\n/, 1)[0]?.replace(/\.$/, "") ?? text}; --help lists the options.`);
  }
}

function readPort(text: string): Result<number, string> {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return ok(port);
  return err("--http-base must be a port from 1 to 65535.");
}

function variable(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === "" ? undefined : value;
}
