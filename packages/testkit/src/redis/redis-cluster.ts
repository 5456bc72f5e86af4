import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { freePort } from "./free-port.ts";
import { retryOnPortConflict, startRedisProcess, type RedisProcess } from "./redis-process.ts";
import { flushAll, VOLATILE, type RedisFixture } from "./redis-server.ts";
import { until } from "./until.ts";

const run = promisify(execFile);

/** A Redis Cluster of masters without replicas. */
export interface RedisClusterFixture extends RedisFixture {
  readonly masters: readonly RedisProcess[];
}

/** Starts three masters, joins them, and resolves once every one of them calls the cluster whole. */
export function startRedisCluster(): Promise<RedisClusterFixture> {
  return retryOnPortConflict(async () => {
    const masters = await startMasters(3);
    const endAll = async (): Promise<void> => {
      await Promise.all(masters.map((master) => master[Symbol.asyncDispose]()));
    };
    try {
      await join(masters);
    } catch (error) {
      await endAll();
      throw error;
    }
    return {
      url: `cluster://${masters.map((master) => `127.0.0.1:${String(master.port)}`).join(",")}`,
      masters,
      flush: () => flushAll(masters.map((master) => master.port)),
      [Symbol.asyncDispose]: endAll,
    };
  });
}

async function startMasters(count: number): Promise<readonly RedisProcess[]> {
  const started = await Promise.allSettled(
    Array.from({ length: count }, async () => {
      const [port, bus] = await Promise.all([freePort(), freePort()]);
      const cluster = ["--cluster-enabled", "yes", "--cluster-port", String(bus), "--cluster-node-timeout", "2000"];
      return startRedisProcess({ port, args: [...VOLATILE, ...cluster] });
    }),
  );
  const masters = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = started.find((one) => one.status === "rejected");
  if (failed === undefined) return masters;
  await Promise.all(masters.map((master) => master[Symbol.asyncDispose]()));
  throw failed.reason;
}

async function join(masters: readonly RedisProcess[]): Promise<void> {
  const addresses = masters.map((master) => `127.0.0.1:${String(master.port)}`);
  await run("redis-cli", ["--cluster", "create", ...addresses, "--cluster-replicas", "0", "--cluster-yes"]);
  await until(async () => {
    const states = await Promise.all(
      masters.map((master) => run("redis-cli", ["-p", String(master.port), "cluster", "info"])),
    );
    return states.every(({ stdout }) => /cluster_state:ok/.test(stdout) && /cluster_slots_ok:16384/.test(stdout));
  });
}
