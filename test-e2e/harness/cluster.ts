import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { AttemptDetailRecord, CallDetailRecord } from "@tandem/domain";
import { until } from "@tandem/testkit";
import { connectApi, type ApiClient } from "./api.ts";
import { comingBack } from "./coming-back.ts";
import type { TestTopology } from "./topology.ts";

/** One process of a running cluster, as `npm start -- --json` tells it. */
interface ClusterProcess {
  readonly name: string;
  readonly role: "edge" | "worker" | "controller" | "control-api";
  readonly pool: string | null;
  readonly pid: number;
  readonly metrics: string;
  readonly admin: string | null;
  readonly listeners: readonly { readonly name: string; readonly transport: string; readonly address: string }[];
}

interface ClusterLine {
  readonly redis: { readonly url: string; readonly pid: number };
  readonly api: { readonly url: string; readonly docs: string; readonly key: string };
  readonly processes: readonly ClusterProcess[];
  readonly logs: string;
  readonly detailRecords: string;
}

/** A whole cluster in processes of its own, as a person would start it. */
export interface TestCluster {
  readonly topology: TestTopology;
  readonly api: ApiClient;
  readonly redisUrl: string;
  readonly redisPid: number;
  /** Where the controller puts detail records. */
  readonly detailRecordFile: string;
  readonly processes: readonly ClusterProcess[];
  /** Port of a pool's listener. */
  port(listener: string, pool?: string): number;
  /**
   * Call detail records written so far. A record is delivered at least once: a controller whose term ends while the machine pauses leaves what it wrote to be written again. Such a line, the same
   * in every byte, counts once here; another record of the same call does not.
   */
  callRecords(): readonly CallDetailRecord[];
  attemptRecords(): readonly AttemptDetailRecord[];
  /** Call detail records as they were delivered, each as often as it was. */
  deliveredCallRecords(): readonly CallDetailRecord[];
  /** Resolves once `count` calls have their detail record and attempts; gives the calls. */
  recordsOf(count: number, limitMs?: number): Promise<readonly CallDetailRecord[]>;
  /** Text of a process's log. */
  logOf(process: string): string;
  /** Value of a metric of one process, summed over the label sets that hold all of `labels`. */
  metric(process: string, name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** Ends everything; fails when the processes do not end by themselves. `TANDEM_E2E_KEEP=<folder>` keeps logs and detail records there. */
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** Further options of the local cluster. */
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Cores for the whole cluster, as `taskset -c` takes them. */
  readonly cores?: string;
}

const PROJECT = join(import.meta.dirname, "..", "..");
const ENTRY = join(PROJECT, "apps", "local-cluster", "src", "main.ts");
/** Every process may use up its drain, one after the other. */
const STOP_LIMIT_MS = 150_000;
/** The record of a call that a killed worker was setting up takes 32 s more (64*T1), until its orphaned INVITE has ended at the edge. */
const RECORDS_LIMIT_MS = 60_000;

/** Starts a cluster and waits until every process serves. */
export async function startCluster(topology: TestTopology, options: ClusterOptions = {}): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), "tandem-e2e-"));
  const file = join(folder, "topology.json");
  writeFileSync(file, JSON.stringify(topology.document));
  const args = ["--no-demo", "--json", "--topology", file, "--data", folder, "--drain", "2", ...(options.args ?? [])];
  const flags = ["--conditions=@tandem/source", "--disable-warning=ExperimentalWarning"];
  const command = [process.execPath, ...flags, ENTRY, ...args];
  const [program = "", ...rest] = options.cores === undefined ? command : ["taskset", "-c", options.cores, ...command];
  const child = spawn(program, rest, {
    cwd: PROJECT,
    env: { ...process.env, ...options.environment },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const line = await readLine(child, exited).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  return running({ topology, child, exited, folder, line });
}

/** The one line of standard output, or an error with what the cluster said instead. */
function readLine(child: ChildProcess, exited: Promise<number | null>): Promise<ClusterLine> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new TypeError("the cluster was started with pipes");
  let said = "";
  stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-8_192)));
  return new Promise((resolve, reject) => {
    createInterface({ input: stdout }).once("line", (text) => resolve(JSON.parse(text) as ClusterLine));
    void exited.then((code) => reject(new Error(`the cluster ended with code ${String(code)}: ${said}`)));
  });
}

interface Running {
  readonly topology: TestTopology;
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly folder: string;
  readonly line: ClusterLine;
}

function running({ topology, child, exited, folder, line }: Running): TestCluster {
  const lines = (): readonly string[] =>
    readFileSync(line.detailRecords, { encoding: "utf8", flag: "a+" }).split("\n").slice(0, -1);
  const callRecords = () => recordsIn([...new Set(lines())]).filter(isCall);
  const attemptRecords = () => recordsIn([...new Set(lines())]).filter(isAttempt);
  return {
    topology,
    api: connectApi(line.api.url, line.api.key),
    redisUrl: line.redis.url,
    redisPid: line.redis.pid,
    detailRecordFile: line.detailRecords,
    processes: line.processes,
    port: (listener, pool = "east") => topology.port(pool, listener),
    callRecords,
    attemptRecords,
    deliveredCallRecords: () => recordsIn(lines()).filter(isCall),
    async recordsOf(count, limitMs = RECORDS_LIMIT_MS) {
      await until(
        () => {
          const calls = new Map(callRecords().map((call) => [call.id, call.attempts]));
          const owed = [...calls.values()].reduce((sum, attempts) => sum + attempts, 0);
          return calls.size >= count && new Set(attemptRecords().map(({ id }) => id)).size >= owed;
        },
        { what: `${count} call detail records`, limitMs },
      );
      return callRecords();
    },
    logOf: (name) => readFileSync(join(line.logs, `${name}.log`), "utf8"),
    async metric(name, metric, labels = {}) {
      const url = line.processes.find((process) => process.name === name)?.metrics;
      if (url === undefined) throw new Error(`no process ${name}`);
      return sumMetric(await (await comingBack(url)).text(), metric, labels);
    },
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
      const code = await exited;
      clearTimeout(late);
      const keep = process.env["TANDEM_E2E_KEEP"];
      if (keep !== undefined) cpSync(folder, keep, { recursive: true });
      rmSync(folder, { recursive: true, force: true });
      if (code !== 0) throw new Error(`the cluster ended with code ${String(code)}`);
    },
  };
}

type AnyRecord = CallDetailRecord | AttemptDetailRecord;

const recordsIn = (lines: readonly string[]): readonly AnyRecord[] =>
  lines.map((line) => JSON.parse(line) as AnyRecord);
const isCall = (record: AnyRecord): record is CallDetailRecord => record.kind === "call";
const isAttempt = (record: AnyRecord): record is AttemptDetailRecord => record.kind === "attempt";

/** Reads the Prometheus text format as far as one metric needs. */
function sumMetric(page: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return page
    .split("\n")
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .filter((line) => wanted.every((pair) => line.includes(pair)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
