import {
  connectRedis,
  createCallbackBook,
  createLocationDatabase,
  createRedisCallStore,
  createSetupClaims,
  type RedisConnection,
} from "@tandem/adapter-redis";
import { startRedisCluster, startRedisServer, until } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import { describe, expect, it } from "vitest";
import { shardKeys, shardOf } from "../src/keys.ts";

/** A connection that watches for absence, and what it told. */
async function watching(url: string): Promise<{ readonly connection: RedisConnection; readonly told: string[] }> {
  const told: string[] = [];
  const connection = valueOf(
    connectRedis(url, { onAbsence: (primary, isAway) => void told.push(`${primary} ${isAway ? "away" : "back"}`) }),
  );
  valueOf(await connection.ready(15_000));
  return { connection, told };
}

/** Whether each of the ports an emergency call asks would be waited for in vain. */
function away(connection: RedisConnection): readonly boolean[] {
  return [
    createRedisCallStore(connection).isAway("call"),
    createSetupClaims(connection).isAway("invite"),
    createCallbackBook(connection).isAway(),
    createLocationDatabase(connection).isAway(),
  ];
}

const ALL = [true, true, true, true];
const NONE = [false, false, false, false];

describe("Redis", () => {
  it("that hangs is away for every port, and back when it wakes", async () => {
    await using redis = await startRedisServer();
    const { connection, told } = await watching(redis.url);
    expect(away(connection)).toEqual(NONE);
    redis.process.pause();
    await until(() => away(connection).every((each) => each), { what: "its absence" });
    redis.process.resume();
    await until(() => away(connection).every((each) => !each), { what: "its answer" });
    expect(told.slice(0, 2)).toEqual(["primary away", "primary back"]);
    await connection.close();
  });

  it("that died is away, and back when another listens there", async () => {
    const first = await startRedisServer();
    const { connection } = await watching(first.url);
    await first.process.kill();
    await until(() => away(connection).every((each) => each), { what: "its absence" });
    expect(away(connection)).toEqual(ALL);
    await using _second = await startRedisServer({ port: first.process.port });
    await until(() => away(connection).every((each) => !each), { what: "its answer" });
    await connection.close();
  });

  it("is never away for who does not want to know", async () => {
    const connection = valueOf(connectRedis("redis://127.0.0.1:1", { commandTimeoutMs: 600 }));
    await connection.ready(600);
    expect(away(connection)).toEqual(NONE);
    await connection.close();
  });

  it("as a Cluster is away where the master is away that keeps the call, and nowhere else", async () => {
    await using cluster = await startRedisCluster({ replicas: true });
    const { connection } = await watching(cluster.url);
    const store = createRedisCallStore(connection);
    const lost = await cluster.masterOf(shardKeys(shardOf("call", 8)).fence);
    const calls = Array.from({ length: 40 }, (_, index) => `call${index}`);
    const masters = await Promise.all(calls.map((id) => cluster.masterOf(shardKeys(shardOf(id, 8)).fence)));
    const elsewhere = calls.filter((_, index) => masters[index] !== lost);
    expect(elsewhere).not.toHaveLength(0);
    let wrong = 0;
    await lost.kill();
    await until(
      () => {
        wrong += store.isAway("call") && elsewhere.every((id) => store.isAway(id)) ? 1 : 0;
        return store.isAway("call");
      },
      { what: "the absence of one master" },
    );
    expect(wrong).toBe(0);
    await until(() => !store.isAway("call"), { what: "its replica in its place", limitMs: 30_000 });
    expect((await store.load("call")).ok).toBe(true);
    await connection.close();
  });
});
