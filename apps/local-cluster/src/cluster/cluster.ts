import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { serveScaler, type ScaleServer } from "@tandem/adapter-supervisor";
import { err, ok, type Result, type Topology } from "@tandem/domain";
import { formatSocketAddress, type LogLevel, type SocketAddress } from "@tandem/runtime";
import { EXIT, type StartFailure } from "../exit-codes.ts";
import { ClusterProcesses, READY_LIMIT_MS } from "./cluster-processes.ts";
import { connectControl, type ControlClient } from "./control-client.ts";
import { freePort } from "./free-port.ts";
import { findListenerProblem, findPortProblem } from "./listener-check.ts";
import { findRedisProblem } from "./redis-check.ts";
import { startLocalRedis, type LocalRedis } from "./local-redis.ts";
import { LocalPools, supervisorToken } from "./local-pools.ts";
import type { ManagedProcess, ProcessEvents } from "./managed-process.ts";
import {
  planControl,
  planEdges,
  planFusedAdmins,
  planWorkers,
  type DetailRecordSettings,
  type FusedAdmins,
  type PlanSettings,
} from "./process-plan.ts";

export interface ClusterOptions {
  readonly projectFolder: string;
  readonly topology: Topology;
  /** The document as written, with its media type; it is what gets published. */
  readonly document: { readonly text: string; readonly contentType: string };
  /** null: start an own Redis. */
  readonly redisUrl: string | null;
  readonly api: SocketAddress;
  /** null: make a key. */
  readonly apiKeys: string | null;
  readonly http: SocketAddress;
  readonly admin: SocketAddress;
  readonly detailRecords: DetailRecordSettings;
  /** Longest a drain waits for the setups in hand, milliseconds. */
  readonly drainMs: number;
  /** Existing folder for logs, call detail records and an own Redis. */
  readonly dataFolder: string;
  readonly logLevel: LogLevel;
  readonly events: ProcessEvents;
}

/** A cluster whose every process serves. */
export interface Cluster {
  /** As they are now: pools may be scaled. */
  readonly processes: () => readonly ManagedProcess[];
  readonly redis: { readonly url: string; readonly pid: number | null };
  /** `host:port` */
  readonly apiAddress: string;
  readonly apiKey: string;
  readonly control: ControlClient;
  readonly detailRecordFile: string;
  readonly logFolder: string;
  /** Drains and ends everything in order; nothing of it is left afterwards. */
  stop(): Promise<void>;
  /** Ends everything at once. */
  kill(): void;
}

/** Starts Redis (unless given), edges, controller, control API and workers, publishes the topology and waits until every process is ready. */
export async function startCluster(options: ClusterOptions): Promise<Result<Cluster, StartFailure>> {
  const problem =
    (options.redisUrl === null ? null : await findRedisProblem(options.redisUrl)) ??
    (await findListenerProblem(options.topology.pools)) ??
    (await findPortProblem("The control API", options.api));
  if (problem !== null) return err(problem);
  const starting = new StartingCluster(options);
  const started = await starting.run();
  if (!started.ok) await starting.stop();
  return started;
}

/** Everything started so far, so that a failed start leaves nothing behind either. */
class StartingCluster {
  readonly #options: ClusterOptions;
  readonly #logFolder: string;
  readonly #edgesFile: string;
  readonly #processes: ClusterProcesses;
  #pools: LocalPools | null = null;
  #scaleServer: ScaleServer | null = null;
  #redis: LocalRedis | null = null;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#logFolder = join(options.dataFolder, "logs");
    this.#edgesFile = join(options.dataFolder, "edges.json");
    mkdirSync(this.#logFolder, { recursive: true });
    const { projectFolder, events, topology, drainMs } = options;
    const { pools } = topology;
    const files = { projectFolder, logFolder: this.#logFolder, edgesFile: this.#edgesFile };
    this.#processes = new ClusterProcesses({ ...files, events, pools, drainMs });
  }

  async run(): Promise<Result<Cluster, StartFailure>> {
    const settings = await this.#settings();
    if (!settings.ok) return settings;
    const { topology } = this.#options;
    const edges = planEdges(topology, settings.value);
    const first = await this.#processes.startAll([...edges, ...planControl(topology, settings.value)]);
    if (!first.ok) return first;
    const admins = await this.#fusedAdmins(settings.value);
    const workers = await this.#processes.startAll(planWorkers(topology, settings.value, admins));
    if (!workers.ok) return workers;
    // When the workers are there: with the topology the controller begins to ask them for probes.
    const control = this.#control(settings.value);
    const published = await this.#publish(control.client);
    if (!published.ok) return published;
    const ready = await this.#untilReady();
    if (!ready.ok) return ready;
    this.#pools?.open();
    return ok({
      processes: () => this.#processes.all,
      redis: { url: settings.value.redisUrl, pid: this.#redis?.pid ?? null },
      apiAddress: control.address,
      apiKey: control.key,
      control: control.client,
      detailRecordFile: settings.value.detailRecords.file,
      logFolder: this.#logFolder,
      stop: () => this.stop(),
      kill: () => this.#kill(),
    });
  }

  /** Ends the processes in the order that loses nothing, and last Redis, which all of them needed. */
  async stop(): Promise<void> {
    await this.#pools?.close();
    await this.#processes.stop();
    await this.#scaleServer?.close();
    await this.#redis?.stop();
  }

  #kill(): void {
    this.#processes.kill();
    if (this.#redis !== null) process.kill(this.#redis.pid, "SIGKILL");
  }

  async #settings(): Promise<Result<PlanSettings, StartFailure>> {
    const { dataFolder, redisUrl, apiKeys, ...others } = this.#options;
    const redis = redisUrl === null ? await startLocalRedis(dataFolder) : null;
    if (redis?.ok === false) return redis;
    this.#redis = redis?.value ?? null;
    const settings: PlanSettings = {
      ...others,
      redisUrl: redis?.value.url ?? redisUrl ?? "",
      secret: randomBytes(24).toString("hex"),
      apiKeys: apiKeys ?? `local:${randomBytes(24).toString("hex")}`,
      edgesFile: this.#edgesFile,
      scaler: { url: "", token: supervisorToken() },
      spoolFolder: join(dataFolder, "spool"),
      // Clusters of several machines may share one Redis; in our own there is nobody to be mistaken for.
      nodePrefix:
        redisUrl === null
          ? ""
          : `${hostname()
              .replaceAll(/[^A-Za-z0-9.-]/g, "-")
              .slice(0, 24)}-${process.pid}-`,
    };
    return ok(await this.#offerScaler(settings));
  }

  /** Before the control API starts, which is told where the scaler is. */
  async #offerScaler(settings: PlanSettings): Promise<PlanSettings> {
    const { token } = settings.scaler;
    this.#pools = new LocalPools(this.#options.topology.pools, this.#processes.hands(settings));
    this.#scaleServer = await serveScaler(this.#pools, { address: { host: "127.0.0.1", port: 0 }, token });
    return { ...settings, scaler: { url: this.#scaleServer.url, token } };
  }

  #control(settings: PlanSettings): { readonly address: string; readonly key: string; readonly client: ControlClient } {
    const address = this.#processes.all.find(({ plan }) => plan.role === "control-api")?.ready?.api ?? "";
    const key = settings.apiKeys.split(",")[0]?.split(":").slice(1).join(":").trim() ?? "";
    return { address, key, client: connectControl(address, key) };
  }

  async #publish(control: ControlClient): Promise<Result<number, StartFailure>> {
    const { text, contentType } = this.#options.document;
    const published = await control.publish(text, contentType);
    if (published.ok) return published;
    const { detail, issues } = published.error;
    if (issues.length === 0) return failed(`The control API did not take the topology: ${detail}.`);
    const lines = issues.map((issue) => `  ${issue.path}: ${issue.problem}; ${issue.fix}`);
    return err({ exitCode: EXIT.topologyInvalid, sentence: [`The topology has errors:`, ...lines].join("\n") });
  }

  async #fusedAdmins(settings: PlanSettings): Promise<FusedAdmins> {
    const addresses: Record<string, readonly string[]> = {};
    for (const [pool, admins] of Object.entries(planFusedAdmins(this.#options.topology, settings))) {
      const chosen = admins.map(async ({ host, port }) => ({ host, port: port === 0 ? await freePort(host) : port }));
      addresses[pool] = (await Promise.all(chosen)).map(formatSocketAddress);
    }
    return addresses;
  }

  /** Started is not yet ready: a worker needs the topology and its edges. */
  async #untilReady(): Promise<Result<void, StartFailure>> {
    const deadline = Date.now() + READY_LIMIT_MS;
    for (const process of this.#processes.all) {
      for (;;) {
        const reasons = await unreadyReasons(process.ready?.http ?? null);
        if (reasons === null) break;
        if (Date.now() > deadline) return failed(`${process.name} is not ready: ${reasons}.`);
        await delay(25);
      }
    }
    return ok(undefined);
  }
}

/** @returns null when ready. */
async function unreadyReasons(http: string | null): Promise<string | null> {
  if (http === null) return null;
  try {
    const response = await fetch(`http://${http}/readyz`, { signal: AbortSignal.timeout(2_000) });
    const text = await response.text();
    return response.ok ? null : text.trim().replaceAll("\n", ", ");
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function failed(sentence: string): { readonly ok: false; readonly error: StartFailure } {
  return err({ exitCode: EXIT.processFailed, sentence });
}
