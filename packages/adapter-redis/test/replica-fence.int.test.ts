import { connectRedis, createRedisCallStore, type RedisCallStore } from "@tandem/adapter-redis";
import { startRedisCluster, startRedisSentinel, startRedisServer, until } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";

const HOUR_MS = 3_600_000;
const WAIT_MS = 100;
/** What a busy machine may add to a wait. */
const SLACK_MS = 2_000;

const ordinary = (callId: string) => ({ callId, document: "{}", deadlineMs: Date.now() + HOUR_MS, trunks: ["out"] });
const emergency = (callId: string) => ({ ...ordinary(callId), needsCopy: true });

interface Scene extends AsyncDisposable {
  readonly store: RedisCallStore;
  /** What the store told of its replicas. */
  readonly told: boolean[];
}

function storeAt(url: string, replicaWaitMs = WAIT_MS): Scene {
  const connection = valueOf(connectRedis(url));
  const told: boolean[] = [];
  const store = createRedisCallStore(connection, { replicaWaitMs, onReplication: (confirmed) => told.push(confirmed) });
  return { store, told, [Symbol.asyncDispose]: () => connection.close() };
}

/** Texts of the call records that the servers at these ports have. */
async function recordsAt(...ports: readonly number[]): Promise<readonly (string | null)[]> {
  const found = ports.map(async (port) => {
    const client = new Redis(port);
    try {
      // A Cluster's replica answers for its master's slots only when asked to; outside of one it is no command.
      await client.readonly().catch(() => undefined);
      const keys = await client.keys("tandem:*:call:*");
      return await Promise.all(keys.map((key) => client.get(key)));
    } finally {
      client.disconnect();
    }
  });
  return (await Promise.all(found)).flat();
}

async function timeOf(act: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
}

/** The primary and its replica without Sentinels' help. */
const primaryUrl = (port: number): string => `redis://127.0.0.1:${String(port)}`;

describe("a write that needs a copy", () => {
  it("is acknowledged when the replica has it: made, changed and ended", async () => {
    await using redis = await startRedisSentinel();
    await using scene = storeAt(primaryUrl(redis.primary.port), 2_000);
    for (let round = 0; round < 20; round += 1) {
      const callId = `call-${String(round)}`;
      const atReplica = async () => (await recordsAt(redis.replica.port)).map((text) => text?.slice(0, 2));
      valueOf(await scene.store.create(emergency(callId)));
      expect(await atReplica()).toContain("1\n");
      valueOf(await scene.store.save(emergency(callId), 1));
      expect(await atReplica()).toContain("2\n");
      valueOf(await scene.store.finish(emergency(callId), 2, [{ id: callId, kind: "emergency", json: "{}" }]));
      expect(await atReplica()).toEqual(Array.from({ length: round + 1 }, () => "0\n"));
    }
    expect(scene.told).toEqual([]);
  });

  it("waits for a replica that is a moment late, and an ordinary one does not", async () => {
    await using redis = await startRedisSentinel();
    await using scene = storeAt(primaryUrl(redis.primary.port), 5_000);
    valueOf(await scene.store.create(emergency("first")));
    redis.replica.pause();
    const ended: string[] = [];
    const careful = scene.store.create(emergency("careful")).then(() => ended.push("emergency"));
    valueOf(await scene.store.create(ordinary("quick")));
    ended.push("ordinary");
    redis.replica.resume();
    await careful;
    expect(ended).toEqual(["ordinary", "emergency"]);
  });

  it("is held for no longer than the wait by a replica that hangs, a hundred at once; the next ones not at all; it never fails", async () => {
    await using redis = await startRedisSentinel();
    await using scene = storeAt(primaryUrl(redis.primary.port));
    valueOf(await scene.store.create(emergency("first")));
    redis.replica.pause();
    const names = Array.from({ length: 100 }, (_, index) => `held-${String(index)}`);
    const heldMs = await timeOf(() =>
      Promise.all(names.map((name) => scene.store.create(emergency(name)).then(valueOf))),
    );
    expect(heldMs).toBeGreaterThan(WAIT_MS * 0.9);
    expect(heldMs).toBeLessThan(WAIT_MS + SLACK_MS);
    await until(() => scene.told.length > 0, { what: "word of the replica's silence" });
    expect(scene.told).toEqual([false]);
    const laterMs: number[] = [];
    for (const name of names) laterMs.push(await timeOf(() => scene.store.save(emergency(name), 1).then(valueOf)));
    // One or another may meet a pause of the machine as long as the wait.
    expect(laterMs.filter((tookMs) => tookMs >= WAIT_MS).length).toBeLessThan(names.length / 10);
    redis.replica.resume();
    await until(
      async () => {
        await scene.store.load("first");
        valueOf(await scene.store.save(emergency("first"), valueOf(await scene.store.load("first"))?.version ?? 0));
        return scene.told.at(-1) === true;
      },
      { what: "the replica's word" },
    );
  });

  it("is held once and then no more where there is no replica at all", async () => {
    await using redis = await startRedisServer();
    await using scene = storeAt(redis.url);
    for (const name of ["a", "b", "c"]) valueOf(await scene.store.create(emergency(name)));
    await until(() => scene.told.length > 0, { what: "word of the missing replica" });
    const laterMs: number[] = [];
    for (const name of ["a", "b", "c"])
      laterMs.push(await timeOf(() => scene.store.save(emergency(name), 1).then(valueOf)));
    expect(Math.min(...laterMs)).toBeLessThan(WAIT_MS);
  });

  it("is not held with a wait of 0", async () => {
    await using redis = await startRedisSentinel();
    await using scene = storeAt(primaryUrl(redis.primary.port), 0);
    redis.replica.pause();
    expect(valueOf(await scene.store.create(emergency("a")))).toBe("created");
    redis.replica.resume();
    expect(scene.told).toEqual([]);
  });

  it("on a Cluster waits for the replica of its own shard's master", async () => {
    await using redis = await startRedisCluster({ replicas: true });
    await using scene = storeAt(redis.url, 5_000);
    // Of every shard, one call at least.
    const names = Array.from({ length: 64 }, (_, index) => `call-${String(index)}`);
    await Promise.all(names.map((name) => scene.store.create(emergency(name)).then(valueOf)));
    expect(await recordsAt(...redis.replicas.map(({ port }) => port))).toHaveLength(names.length);
    expect(scene.told).toEqual([]);
  });
});
