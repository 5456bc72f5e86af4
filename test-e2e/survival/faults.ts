import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { startRedisServer, until, type RedisProcess, type RedisSentinelFixture } from "@tandem/testkit";
import type { TestCluster } from "../harness/cluster.ts";
import { pidInLog, serves } from "../harness/kill.ts";
import { between } from "./seeded-random.ts";

const run = promisify(execFile);

export type FaultKind = "worker" | "edge" | "controller" | "redis";

/** One thing that was killed with SIGKILL. */
export interface Fault {
  readonly kind: FaultKind;
  readonly target: string;
  readonly atMs: number;
}

/** What happens to the processes while calls come. */
export interface Disturbance {
  readonly done: readonly Fault[];
  start(): void;
  /** No more of it; resolves when the last is over. */
  stop(): Promise<void>;
  /** Ends the processes it started, once the cluster needs them no more. */
  end?(): Promise<void>;
}

export interface FaultSettings {
  /** How often each kind comes, relative to the others; 0: never. */
  readonly weights: Readonly<Record<FaultKind, number>>;
  /** Mean time between two (ms). */
  readonly everyMs: number;
  /** A worker is killed only while another one serves. */
  readonly leavesOne: boolean;
  readonly random: () => number;
}

/** Kills processes of a cluster at random times, until stopped. The supervisor starts them again; a lost Redis primary comes back as a replica. */
export class Faults implements Disturbance {
  readonly #cluster: TestCluster;
  readonly #redis: RedisPair | null;
  readonly #settings: FaultSettings;
  readonly done: Fault[] = [];
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(cluster: TestCluster, redis: RedisSentinelFixture | null, settings: FaultSettings) {
    this.#cluster = cluster;
    this.#redis = redis === null ? null : new RedisPair(redis);
    this.#settings = settings;
  }

  start(): void {
    const { everyMs, random } = this.#settings;
    const waitMs = between(random, Math.round(everyMs * 0.5), Math.round(everyMs * 1.5));
    this.#timer = setTimeout(() => {
      this.#running = this.#running.then(() => this.#inject()).catch(() => undefined);
      this.start();
    }, waitMs);
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }

  async end(): Promise<void> {
    await this.#redis?.end();
  }

  async #inject(): Promise<void> {
    const kind = this.#choose();
    if (kind === "redis") {
      const target = await this.#redis?.killPrimary();
      if (target !== undefined) this.#note(kind, target);
      return;
    }
    const names = this.#cluster.processes.filter(({ role }) => role === kind).map(({ name }) => name);
    const target = names[between(this.#settings.random, 0, names.length - 1)] ?? "";
    if (kind === "worker" && this.#settings.leavesOne) await this.#untilAnotherServes(names, target);
    // One that is being started again just now is killed as soon as it is there.
    const killed = (): boolean => kill(pidInLog(this.#cluster.logOf(target)));
    await until(killed, { what: `${target} to kill` });
    this.#note(kind, target);
  }

  #untilAnotherServes(workers: readonly string[], target: string): Promise<void> {
    const others = workers.filter((name) => name !== target);
    const another = async (): Promise<boolean> =>
      (await Promise.all(others.map((name) => serves(this.#cluster, name)))).includes(true);
    return until(another, { what: `a worker besides ${target}`, limitMs: 60_000 });
  }

  #note(kind: FaultKind, target: string): void {
    this.done.push({ kind, target, atMs: Date.now() });
  }

  #choose(): FaultKind {
    const weights = Object.entries(this.#settings.weights) as [FaultKind, number][];
    const sum = weights.reduce((total, [, weight]) => total + weight, 0);
    let left = this.#settings.random() * sum;
    for (const [kind, weight] of weights) {
      left -= weight;
      if (left < 0) return kind;
    }
    return "worker";
  }
}

function kill(pid: number | null): boolean {
  if (pid === null) return false;
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}

/** Which of the two Redis servers is the primary, over several failovers. */
class RedisPair {
  readonly #sentinelPort: number;
  readonly #servers: Map<number, RedisProcess>;

  constructor({ primary, replica, sentinels }: RedisSentinelFixture) {
    this.#sentinelPort = sentinels[0]?.port ?? 0;
    this.#servers = new Map([primary, replica].map((server) => [server.port, server]));
  }

  /** Kills the primary and starts it again as a replica once another was promoted. @returns its address. */
  async killPrimary(): Promise<string | undefined> {
    const port = await this.#primary();
    const server = this.#servers.get(port);
    // A second loss before the first is made good is another storm: there would be no copy of anything.
    if (server === undefined || !(await this.#hasCopy(port))) return undefined;
    this.#servers.delete(port);
    await server.kill();
    void this.#bringBack(port);
    return `127.0.0.1:${port}`;
  }

  async #hasCopy(primary: number): Promise<boolean> {
    const replica = [...this.#servers.keys()].find((port) => port !== primary);
    if (replica === undefined) return false;
    const { stdout } = await run("redis-cli", ["-p", String(replica), "info", "replication"]);
    return stdout.includes("master_link_status:up");
  }

  async end(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server[Symbol.asyncDispose]()));
  }

  async #bringBack(port: number): Promise<void> {
    await until(async () => (await this.#primary()) !== port, {
      what: "another primary",
      limitMs: 30_000,
      everyMs: 100,
    });
    const follow = ["--replicaof", `127.0.0.1 ${await this.#primary()}`, "--repl-diskless-sync-delay", "0"];
    const again = await startRedisServer({ port, args: follow });
    this.#servers.set(port, again.process);
  }

  async #primary(): Promise<number> {
    const ask = ["-p", String(this.#sentinelPort), "sentinel", "get-master-addr-by-name", "tandem"];
    const { stdout } = await run("redis-cli", ask);
    return Number(stdout.split("\n")[1]);
  }
}
