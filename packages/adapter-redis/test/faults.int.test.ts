import {
  connectRedis,
  createLeaderLease,
  createProbeExchange,
  createRedisCallStore,
  createTopologyRegistry,
} from "@tandem/adapter-redis";
import { startRedisSentinel, startRedisServer, undisturbed, until } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { connected } from "./redis-harness.ts";

const HOUR_MS = 3_600_000;
const call = (callId: string) => ({ callId, document: "{}", deadlineMs: Date.now() + HOUR_MS, trunks: ["in", "out"] });

/** How long it takes (ms); again when that is too long, for the machine may have paused. */
const promptly = (limitMs: number, act: () => Promise<void>): Promise<number> =>
  undisturbed(
    async () => {
      const startedMs = performance.now();
      await act();
      return performance.now() - startedMs;
    },
    (tookMs) => tookMs < limitMs,
  );

describe("Redis that is not there", () => {
  it("makes every operation fail within the command timeout, none throw", async () => {
    const connection = valueOf(connectRedis("redis://127.0.0.1:1", { commandTimeoutMs: 300 }));
    const store = createRedisCallStore(connection);
    const all = () => [
      store.load("a"),
      store.create(call("a")),
      store.save(call("a"), 1),
      store.finish(call("a"), 1, []),
      store.claimDue(0, 10, 1_000),
      store.loads(),
      store.list(10),
      store.count(),
      createLeaderLease(connection).acquire("x", 1_000),
      createTopologyRegistry(connection).watch(() => undefined),
    ];
    const tookMs = await promptly(1_500, async () => {
      const failed = { ok: false, error: { code: "store-unavailable" } };
      for (const result of await Promise.all(all())) expect(result).toMatchObject(failed);
    });
    expect(tookMs).toBeLessThan(1_500);
    await connection.close();
  });

  it("does not keep a worker from ending its probe service", async () => {
    const redis = await startRedisServer();
    const connection = connected(redis.url);
    valueOf(await connection.ready(15_000));
    const exchange = createProbeExchange(connection);
    const unserve = valueOf(
      await exchange.serve("pool", ({ id, trunk }) =>
        Promise.resolve({ id, trunk, outcome: "answered", code: 200, roundTripMs: 1 }),
      ),
    );
    await redis.process.kill();
    const startedMs = performance.now();
    await unserve();
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    await connection.close();
  });

  it("is noticed at once when too much waits for it already", async () => {
    const connection = valueOf(connectRedis("redis://127.0.0.1:1", { commandTimeoutMs: 300, maxWaiting: 10 }));
    const store = createRedisCallStore(connection);
    const tookMs = await undisturbed(
      async () => {
        const waiting = Array.from({ length: 10 }, () => store.load("a"));
        const startedMs = performance.now();
        expect(await store.load("b")).toMatchObject({ ok: false, error: { code: "store-unavailable" } });
        const took = performance.now() - startedMs;
        await Promise.all(waiting);
        return took;
      },
      (took) => took < 250,
    );
    expect(tookMs).toBeLessThan(250);
    await connection.close();
  });
});

describe("Redis that hangs", () => {
  it("costs no caller more than the command timeout, and serves on when it wakes", async () => {
    await using redis = await startRedisServer();
    const connection = valueOf(connectRedis(redis.url, { commandTimeoutMs: 300 }));
    const store = createRedisCallStore(connection);
    valueOf(await store.create(call("a")));
    redis.process.pause();
    const tookMs = await promptly(1_000, async () => {
      expect(await store.load("a")).toMatchObject({ ok: false, error: { code: "store-unavailable" } });
    });
    expect(tookMs).toBeLessThan(1_000);
    redis.process.resume();
    await until(async () => (await store.load("a")).ok, { what: "a served load" });
    await until(() => connection.waiting() <= 1, { what: "what waited in vain forgotten" });
    await connection.close();
  });
});

describe("Redis that restarts empty", () => {
  it("is used again by the same connection, scripts included", async () => {
    const first = await startRedisServer();
    const connection = connected(first.url);
    const store = createRedisCallStore(connection);
    valueOf(await store.create(call("a")));
    await first.process.kill();
    await using _second = await startRedisServer({ port: first.process.port });
    await until(async () => (await store.create(call("a"))).ok, { what: "a served create" });
    expect(valueOf(await store.load("a"))).toMatchObject({ version: 1 });
    await connection.close();
  });

  it("may forget its scripts while connections stay", async () => {
    await using redis = await startRedisServer();
    const connection = connected(redis.url);
    const store = createRedisCallStore(connection);
    valueOf(await store.create(call("a")));
    const admin = new Redis(redis.url);
    await admin.script("FLUSH");
    admin.disconnect();
    expect(valueOf(await store.save(call("a"), 1))).toBe("saved");
    await connection.close();
  });
});

describe("Redis with credentials", () => {
  it("lets in who knows the password and nobody else", async () => {
    await using redis = await startRedisServer({ password: "p@ss word/1" });
    const right = connected(redis.url);
    expect(await right.ready(15_000)).toMatchObject({ ok: true });
    await right.close();
    const wrong = valueOf(
      connectRedis(`redis://:wrong@127.0.0.1:${String(redis.process.port)}`, { commandTimeoutMs: 300 }),
    );
    const refused = await wrong.ready(500);
    expect(refused).toMatchObject({ ok: false, error: { code: "store-unavailable" } });
    await wrong.close();
  });

  it("lets in an ACL user with no more rights than Tandem's keys and channels", async () => {
    const rights = ["~tandem:*", "&tandem:*", "+@all", "-@dangerous", "+info"];
    await using redis = await startRedisServer({ args: ["--user", "tandem", "on", ">s:cret", ...rights] });
    const connection = connected(`redis://tandem:s%3Acret@127.0.0.1:${String(redis.process.port)}`);
    const store = createRedisCallStore(connection);
    expect(valueOf(await store.create(call("a")))).toBe("created");
    expect(valueOf(await store.finish(call("a"), 1, []))).toBe("finished");
    const seen: number[] = [];
    const registry = createTopologyRegistry(connection);
    const unwatch = valueOf(await registry.watch((topology) => seen.push(topology.version)));
    valueOf(await registry.publish({ json: "{}", author: "a", atMs: 1 }, null));
    await until(() => seen.length > 0, { what: "the change" });
    await unwatch();
    await connection.close();
  });
});

describe("records that were lost", () => {
  it("are met by the next claim, which puts index and loads right again", async () => {
    await using redis = await startRedisServer();
    const connection = connected(redis.url);
    const store = createRedisCallStore(connection);
    for (const callId of ["kept", "lost-1", "lost-2"]) {
      valueOf(await store.create({ ...call(callId), deadlineMs: callId === "kept" ? Date.now() + HOUR_MS : 1 }));
    }
    const admin = new Redis(redis.url);
    for (const key of await admin.keys("tandem:*:call:lost-*")) await admin.del(key);
    admin.disconnect();
    expect(valueOf(await store.claimDue(Date.now(), 100, 1_000))).toEqual([]);
    expect(Object.fromEntries(valueOf(await store.loads()))).toEqual({ in: 1, out: 1 });
    expect(valueOf(await store.count())).toBe(1);
    await connection.close();
  });

  it("do not outlive deadline and margin even when nobody sweeps", async () => {
    await using redis = await startRedisServer();
    const connection = connected(redis.url);
    const store = createRedisCallStore(connection, { recordMarginMs: 10_000 });
    valueOf(await store.create({ ...call("a"), deadlineMs: Date.now() + 5_000 }));
    const admin = new Redis(redis.url);
    const [key = ""] = await admin.keys("tandem:*:call:a");
    const lifeMs = await admin.pttl(key);
    admin.disconnect();
    expect(lifeMs).toBeGreaterThan(14_000);
    expect(lifeMs).toBeLessThanOrEqual(15_001);
    await connection.close();
  });
});

describe("a Sentinel failover", () => {
  it("lets writes resume on the new primary within seconds of the old one's death, with acknowledged calls still there", async () => {
    await using sentinel = await startRedisSentinel();
    const connection = valueOf(connectRedis(sentinel.url, { commandTimeoutMs: 500 }));
    const store = createRedisCallStore(connection);
    valueOf(await connection.ready(15_000));
    valueOf(await store.create(call("before")));
    const replica = new Redis(sentinel.replica.port);
    await until(async () => (await replica.dbsize()) > 0, { what: "replication" });
    replica.disconnect();
    await sentinel.primary.kill();
    const killedMs = performance.now();
    await until(async () => (await store.create(call("after"))).ok, { what: "a served create" });
    // A second until the Sentinels miss it, and what two of them and the replica take on a busy machine.
    expect(performance.now() - killedMs).toBeLessThan(20_000);
    expect(valueOf(await store.load("before"))).toMatchObject({ version: 1 });
    expect(valueOf(await store.save(call("before"), 1))).toBe("saved");
    await connection.close();
  });
});
