import { createLocationDatabase, type RedisConnection } from "@tandem/adapter-redis";
import type { LocationDatabase } from "@tandem/call-control";
import type { LisRow } from "@tandem/domain";
import { startRedisServer, type RedisFixture } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { lisKeys, lisWorkKey } from "../src/keys.ts";
import { connected } from "./redis-harness.ts";

/** More than are copied at a time. */
const ROWS = 1_200;
const LOST = { ok: false, error: { code: "store-unavailable" } };

let redis: RedisFixture;
let admin: Redis;
let connection: RedisConnection;
let database: LocationDatabase;

beforeAll(async () => {
  redis = await startRedisServer();
  admin = new Redis(redis.url);
  connection = connected(redis.url);
});
afterAll(async () => {
  admin.disconnect();
  await connection.close();
  await redis[Symbol.asyncDispose]();
});

beforeEach(async () => {
  database = createLocationDatabase(connection);
  await fill("old");
  expect(await publish(database)).toMatchObject({ ok: true, value: "published" });
  await fill("new");
});
afterEach(() => redis.flush());

function rowOf(index: number, description: string): LisRow {
  return { key: `number:${index}`, civic: { country: "US" }, erl: "", elins: [], description };
}

async function fill(description: string): Promise<void> {
  const rows = Array.from({ length: ROWS }, (_, index) => rowOf(index, description));
  for (let at = 0; at < ROWS; at += 400) valueOf(await database.put(rows.slice(at, at + 400)));
}

async function publish(by: LocationDatabase): ReturnType<LocationDatabase["publish"]> {
  const { draft } = valueOf(await database.state());
  return by.publish({ revision: draft.revision, author: "ann", atMs: 7, token: "t" });
}

/** Publishes; what a Redis that takes over has lost is lost before the last step, when all rows are copied. */
async function publishLosing(lose: () => Promise<unknown>): ReturnType<LocationDatabase["publish"]> {
  const meddled: Pick<RedisConnection, "run"> = {
    async run(name, command) {
      if (name === "publish-lis") await lose();
      return connection.run(name, command);
    },
  };
  return publish(createLocationDatabase(meddled as RedisConnection));
}

async function inForce(): Promise<unknown> {
  const { published } = valueOf(await database.state());
  const row = valueOf(await database.find(["number:3"], "published"));
  return { version: published?.version, rows: published?.rows, says: row?.description };
}

describe("an edition of which Redis loses something while it is copied", () => {
  test.each<[string, () => Promise<unknown>]>([
    ["rows of the copy", () => admin.hdel(lisWorkKey("copied", "t"), "number:1", "number:2")],
    ["the copy", () => admin.del(lisWorkKey("copied", "t"))],
    ["rows of the draft", () => admin.hdel(lisKeys.draft, "number:1")],
    ["the lock", () => admin.del(lisKeys.lock)],
    ["the lock to another who publishes", () => admin.set(lisKeys.lock, "another")],
  ])("%s: is not published, and the one in force stays", async (_, lose) => {
    expect(await publishLosing(lose)).toMatchObject(LOST);
    expect(await inForce()).toEqual({ version: 1, rows: ROWS, says: "old" });
    expect(await admin.keys("*copied*")).toEqual([]);
  });

  test("can be published by the next try", async () => {
    await publishLosing(() => admin.del(lisWorkKey("copied", "t")));
    expect(await publish(database)).toMatchObject({ ok: true, value: "published" });
    expect(await inForce()).toEqual({ version: 2, rows: ROWS, says: "new" });
  });
});

test("the lock of another is not released by one whose own lapsed", async () => {
  await publishLosing(() => admin.set(lisKeys.lock, "another"));
  expect(await admin.get(lisKeys.lock)).toBe("another");
  expect(await publish(database)).toEqual({ ok: true, value: "busy" });
});

describe("a replacement of which Redis loses something", () => {
  test.each<[string, (collected: string) => Promise<unknown>]>([
    ["rows", (collected) => admin.hdel(collected, "number:1")],
    ["all there was", (collected) => admin.del(collected)],
  ])("%s: leaves the draft as it was", async (_, lose) => {
    const replacement = database.replacement("r");
    valueOf(await replacement.add([rowOf(1, "newest"), rowOf(2, "newest")]));
    await lose(lisWorkKey("collected", "r"));
    valueOf(await replacement.add([rowOf(3, "newest"), rowOf(2, "newest, again")]));
    expect(await replacement.commit()).toMatchObject(LOST);
    expect(valueOf(await database.state()).draft.rows).toBe(ROWS);
    expect(await admin.keys("*collected*")).toEqual([]);
  });

  test("nothing: is the draft, a row that came twice once", async () => {
    const replacement = database.replacement("r");
    valueOf(await replacement.add([rowOf(1, "newest"), rowOf(2, "newest")]));
    valueOf(await replacement.add([rowOf(2, "newest, again")]));
    expect(await replacement.commit()).toMatchObject({ ok: true });
    expect(valueOf(await database.state()).draft.rows).toBe(2);
  });
});
