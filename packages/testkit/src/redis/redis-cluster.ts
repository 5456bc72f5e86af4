import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { freePort } from "../ports/free-port.ts";
import { retryOnPortConflict, startRedisProcess, type RedisProcess } from "./redis-process.ts";
import { flushAll, VOLATILE, type RedisFixture } from "./redis-server.ts";
import { untilReplicated } from "./replication.ts";
import { until } from "./until.ts";

const run = promisify(execFile);
const MASTERS = 3;

/** A Redis Cluster of three masters. */
export interface RedisClusterFixture extends RedisFixture {
  readonly masters: readonly RedisProcess[];
  /** One for each master, or none. */
  readonly replicas: readonly RedisProcess[];
  /** The master that has the slot of this key now. */
  masterOf(key: string): Promise<RedisProcess>;
  /** Moves every slot of one master, with its keys, to another, as before the one is taken away. */
  moveSlots(from: RedisProcess, to: RedisProcess): Promise<void>;
}

export interface RedisClusterOptions {
  /** Give each master a replica, which takes its place when it dies. Default false. */
  readonly replicas?: boolean;
}

/** Starts the nodes, joins them, and resolves once every one of them calls the cluster whole and every replica is in sync. */
export function startRedisCluster({ replicas = false }: RedisClusterOptions = {}): Promise<RedisClusterFixture> {
  return retryOnPortConflict(async () => {
    const nodes = await startNodes(replicas ? 2 * MASTERS : MASTERS);
    const endAll = async (): Promise<void> => {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    };
    try {
      await join(nodes, replicas);
    } catch (error) {
      await endAll();
      throw error;
    }
    const [masters, followers] = [nodes.slice(0, MASTERS), nodes.slice(MASTERS)];
    return {
      url: `cluster://${nodes.map(addressOf).join(",")}`,
      masters,
      replicas: followers,
      masterOf: (key) => masterOf(nodes, key),
      moveSlots,
      flush: () => flushAll(masters.map((master) => master.port)),
      [Symbol.asyncDispose]: endAll,
    };
  });
}

async function startNodes(count: number): Promise<readonly RedisProcess[]> {
  const started = await Promise.allSettled(
    Array.from({ length: count }, async () => {
      const [port, bus] = await Promise.all([freePort(), freePort()]);
      const cluster = ["--cluster-enabled", "yes", "--cluster-port", String(bus), "--cluster-node-timeout", "2000"];
      return startRedisProcess({ port, args: [...VOLATILE, ...cluster, "--repl-diskless-sync-delay", "0"] });
    }),
  );
  const nodes = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = started.find((one) => one.status === "rejected");
  if (failed === undefined) return nodes;
  await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
  throw failed.reason;
}

/** The first three become the masters. */
async function join(nodes: readonly RedisProcess[], replicas: boolean): Promise<void> {
  const each = ["--cluster-replicas", replicas ? "1" : "0", "--cluster-yes"];
  await run("redis-cli", ["--cluster", "create", ...nodes.map(addressOf), ...each]);
  await until(
    async () => {
      const states = await Promise.all(nodes.map((node) => ask(node, "cluster", "info")));
      return states.every((state) => /cluster_state:ok/.test(state) && /cluster_slots_ok:16384/.test(state));
    },
    { what: "a whole cluster" },
  );
  if (replicas) await Promise.all(nodes.slice(0, MASTERS).map(({ port }) => untilReplicated(port)));
}

async function masterOf(nodes: readonly RedisProcess[], key: string): Promise<RedisProcess> {
  const [first] = nodes;
  if (first === undefined) throw new Error("a cluster without nodes");
  const slot = Number(await ask(first, "cluster", "keyslot", key));
  const table = (await ask(first, "cluster", "nodes")).trim().split("\n");
  // <id> <ip:port@bus> <flags> <master> <ping> <pong> <epoch> <link> <slot range> …
  const line = table.find((node) =>
    node
      .split(" ")
      .slice(8)
      .some((range) => covers(range, slot)),
  );
  const port = Number(/:(\d+)@/.exec(line ?? "")?.[1]);
  const found = nodes.find((node) => node.port === port);
  if (found === undefined) throw new Error(`nobody has slot ${String(slot)}`);
  return found;
}

function covers(range: string, slot: number): boolean {
  const [first = NaN, last = first] = range.split("-").map(Number);
  return slot >= first && slot <= last;
}

async function moveSlots(from: RedisProcess, to: RedisProcess): Promise<void> {
  const [source, target] = await Promise.all([from, to].map((node) => ask(node, "cluster", "myid")));
  const between = ["--cluster-from", (source ?? "").trim(), "--cluster-to", (target ?? "").trim()];
  // No master has more slots than a cluster has; the command moves what there is.
  const all = ["--cluster-slots", "16384", "--cluster-yes"];
  await run("redis-cli", ["--cluster", "reshard", addressOf(from), ...between, ...all], { maxBuffer: 1 << 26 });
}

async function ask(node: RedisProcess, ...command: readonly string[]): Promise<string> {
  const { stdout } = await run("redis-cli", ["-p", String(node.port), ...command]);
  return stdout;
}

function addressOf({ port }: RedisProcess): string {
  return `127.0.0.1:${String(port)}`;
}
