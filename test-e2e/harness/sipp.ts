import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@tandem/testkit";
import { sipPort } from "./ports.ts";
import { parseMessageLog, type LoggedMessage } from "./sipp-log.ts";
import { parseStatistics, type SippStatistics } from "./sipp-statistics.ts";

/** One SIPp process: which scenario it plays, from where, how often. */
export interface SippOptions {
  /** File name below test-e2e/sipp, without `.xml`. */
  readonly scenario: string;
  /**
   * Calls to make (UAC; default 1) or to take (UAS) before it ends. By default a UAS goes on, and what belongs to no call of this test (the last repetition of another
   * one's) costs it nothing; whoever waits for its end gives a number.
   */
  readonly calls?: number;
  /** Address of this machine it sends from; default 127.0.0.1. */
  readonly address?: string;
  /** Where it listens; default a free port. */
  readonly port?: number;
  /** SIPp's `-t`: `u1` one UDP socket, `t1` one TCP connection, `tn` a TCP connection per call. Default `u1`. */
  readonly transport?: "u1" | "t1" | "tn";
  /** UAC: where it sends to, `port` of 127.0.0.1. */
  readonly target?: number;
  /** UAC: calls per second; default 10. */
  readonly rate?: number;
  /** UAC: most calls at once. */
  readonly limit?: number;
  /** UAC: user part of the Request-URI, `[service]` in scenarios. */
  readonly service?: string;
  /** Length of `<pause/>` without a value, milliseconds. */
  readonly holdMs?: number;
  /** Values for `[name]` keywords of the scenario. */
  readonly keys?: Readonly<Record<string, string>>;
  /** The run is over after this time whatever happened, milliseconds; default 60 000. */
  readonly limitMs?: number;
  /** Log every message; default true. Off for load. */
  readonly logMessages?: boolean;
  /** Cores to run on, as `taskset -c` takes them. */
  readonly cores?: string;
  readonly extraArgs?: readonly string[];
}

/** How a SIPp run ended. */
export interface SippResult extends SippStatistics {
  /** 0: all calls as the scenario says; 1: some not; 99: ended without calls; 97, 254, 255: it could not run. */
  readonly exitCode: number | null;
  /** Messages in order. */
  readonly messages: readonly LoggedMessage[];
  /** Lines of the error log: unexpected messages and the like. */
  readonly errors: string;
}

/** A SIPp process under way. */
export interface SippRun {
  readonly port: number;
  readonly pid: number;
  /** Its end; never rejects. */
  readonly result: Promise<SippResult>;
  /** What was logged so far. */
  messages(): Promise<readonly LoggedMessage[]>;
  /** Resolves once a message that `wanted` accepts was logged; gives it. */
  saw(wanted: (message: LoggedMessage) => boolean, what?: string): Promise<LoggedMessage>;
  /** Ends it at once and waits for the result. */
  stop(): Promise<SippResult>;
}

const SCENARIOS = join(import.meta.dirname, "..", "sipp");
const runs = new Set<SippRun>();
/** More than any test places. */
const MOST_CALLS = 100_000;

/** Starts SIPp as a caller. */
export function startUac(options: SippOptions & { readonly target: number }): Promise<SippRun> {
  return start(options);
}

/** Starts SIPp as a callee and waits until it listens. */
export async function startUas(options: SippOptions): Promise<SippRun> {
  const run = await start({ calls: MOST_CALLS, ...options });
  const file = (options.transport ?? "u1").startsWith("t") ? "/proc/net/tcp" : "/proc/net/udp";
  const entry = `0100007F:${run.port.toString(16).toUpperCase().padStart(4, "0")} `;
  const listening = async (): Promise<boolean> => (await readFile(file, "latin1")).includes(entry);
  await until(listening, { what: `SIPp with ${options.scenario} listening` });
  return run;
}

/** Ends every SIPp process that still runs; for `afterEach`. */
export async function stopAllSipp(): Promise<void> {
  await Promise.all([...runs].map((run) => run.stop()));
}

async function start(options: SippOptions): Promise<SippRun> {
  const port = options.port ?? (await sipPort());
  const folder = mkdtempSync(join(tmpdir(), "tandem-sipp-"));
  const command = [...(options.cores === undefined ? [] : ["taskset", "-c", options.cores]), "sipp"];
  const [program = "sipp", ...args] = [...command, ...sippArgs(options, port)];
  const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-4_096)));
  const read = (name: string): string => {
    const file = join(folder, name);
    return existsSync(file) ? readFileSync(file, "latin1") : "";
  };
  const result = new Promise<SippResult>((resolve) => {
    const ended = (exitCode: number | null): void => {
      const statistics = parseStatistics(read("statistics.csv"));
      const messages = parseMessageLog(read("messages.log"));
      resolve({ ...statistics, exitCode, messages, errors: read("errors.log") + complaints });
      rmSync(folder, { recursive: true, force: true });
      runs.delete(run);
    };
    child.once("error", () => ended(null));
    child.once("close", ended);
  });
  const messages = async (): Promise<readonly LoggedMessage[]> =>
    existsSync(folder) ? parseMessageLog(read("messages.log")) : (await result).messages;
  const run: SippRun = {
    port,
    pid: child.pid ?? -1,
    result,
    messages,
    async saw(wanted, what = "the message") {
      let found: LoggedMessage | undefined;
      await until(async () => (found = (await messages()).find(wanted)) !== undefined, { what });
      if (found === undefined) throw new Error(`${what} was not logged`);
      return found;
    },
    async stop() {
      child.kill("SIGKILL");
      return result;
    },
  };
  runs.add(run);
  return run;
}

function sippArgs(options: SippOptions, port: number): readonly string[] {
  const { calls = 1, transport = "u1", rate = 10, limitMs = 60_000, logMessages = true } = options;
  const address = options.address ?? "127.0.0.1";
  const keys = Object.entries({ caller: "caller", ...options.keys }).flatMap(([name, value]) => ["-key", name, value]);
  const fixed = [
    ["-sf", join(SCENARIOS, `${options.scenario}.xml`), "-nostdin", "-i", address, "-p", String(port)],
    ["-t", transport, "-m", String(calls), "-timeout", `${Math.ceil(limitMs / 1_000)}s`, "-timeout_error"],
    ["-trace_stat", "-stf", "statistics.csv", "-fd", "1", "-trace_err", "-error_file", "errors.log"],
  ];
  return [
    ...fixed.flat(),
    ...(options.target === undefined ? [] : [`127.0.0.1:${options.target}`, "-r", String(rate)]),
    ...(logMessages ? ["-trace_msg", "-message_file", "messages.log"] : []),
    ...(options.limit === undefined ? [] : ["-l", String(options.limit)]),
    ...(options.service === undefined ? [] : ["-s", options.service]),
    ...(options.holdMs === undefined ? [] : ["-d", String(options.holdMs)]),
    ...keys,
    ...(options.extraArgs ?? []),
  ];
}
