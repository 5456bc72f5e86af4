import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../ports/free-port.ts";
import { retryOnPortConflict, startRedisProcess, type RedisProcess } from "./redis-process.ts";
import { flushAll, VOLATILE, type RedisFixture } from "./redis-server.ts";
import { untilReplicated } from "./replication.ts";
import { until } from "./until.ts";

const run = promisify(execFile);
const MASTER_NAME = "tandem";

export interface RedisSentinelOptions {
  /** Silence after which a Sentinel takes the primary for dead (ms). Default 1 000: a busy machine is silent for shorter. */
  readonly downAfterMs?: number;
}

/** A primary, one replica and three Sentinels that fail over after `downAfterMs`. */
export interface RedisSentinelFixture extends RedisFixture {
  readonly primary: RedisProcess;
  readonly replica: RedisProcess;
  readonly sentinels: readonly RedisProcess[];
}

/** Resolves once the replica is in sync and every Sentinel knows the other two and the replica. */
export function startRedisSentinel({ downAfterMs = 1_000 }: RedisSentinelOptions = {}): Promise<RedisSentinelFixture> {
  return retryOnPortConflict(async () => {
    const all: RedisProcess[] = [];
    const endAll = async (): Promise<void> => {
      await Promise.all(all.map((one) => one[Symbol.asyncDispose]()));
    };
    const keep = (one: RedisProcess): RedisProcess => {
      all.push(one);
      return one;
    };
    try {
      const args = [...VOLATILE, "--repl-diskless-sync-delay", "0"];
      const primary = keep(await startRedisProcess({ port: await freePort(), args }));
      const follow = ["--replicaof", `127.0.0.1 ${String(primary.port)}`];
      const replica = keep(await startRedisProcess({ port: await freePort(), args: [...args, ...follow] }));
      const sentinels: RedisProcess[] = [];
      for (let count = 0; count < 3; count += 1) sentinels.push(keep(await startSentinel(primary.port, downAfterMs)));
      await until(() => inAgreement(sentinels), { what: "the Sentinels' agreement" });
      await untilReplicated(primary.port);
      const addresses = sentinels.map((sentinel) => `127.0.0.1:${String(sentinel.port)}`).join(",");
      return {
        url: `sentinel://${addresses}/${MASTER_NAME}`,
        primary,
        replica,
        sentinels,
        flush: () => flushAll([primary.port]),
        [Symbol.asyncDispose]: endAll,
      };
    } catch (error) {
      await endAll();
      throw error;
    }
  });
}

async function startSentinel(primaryPort: number, downAfterMs: number): Promise<RedisProcess> {
  const port = await freePort();
  return startRedisProcess({
    port,
    sentinel: true,
    args: [],
    prepare: async (directory) => {
      const file = join(directory, "sentinel.conf");
      const lines = [
        "bind 127.0.0.1",
        `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${String(primaryPort)} 2`,
        `sentinel down-after-milliseconds ${MASTER_NAME} ${String(downAfterMs)}`,
        `sentinel failover-timeout ${MASTER_NAME} 2000`,
      ];
      await writeFile(file, `${lines.join("\n")}\n`);
      return file;
    },
  });
}

async function inAgreement(sentinels: readonly RedisProcess[]): Promise<boolean> {
  const views = await Promise.all(
    sentinels.map(async ({ port }) => {
      const { stdout } = await run("redis-cli", ["-p", String(port), "sentinel", "master", MASTER_NAME]);
      return stdout.split("\n");
    }),
  );
  const valueOf = (view: readonly string[], name: string): string | undefined => view[view.indexOf(name) + 1];
  return views.every((view) => valueOf(view, "num-other-sentinels") === "2" && valueOf(view, "num-slaves") === "1");
}
