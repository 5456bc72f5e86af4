import { once } from "node:events";
import { startRedisServer, until, type RedisServerFixture } from "@tandem/testkit";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { PrimaryWatch } from "../src/primary-watch.ts";

/** Longer than a test lasts: whoever comes to the new primary was brought there. */
const NEVER_MS = 600_000;
const NOBODY = { process: { port: 1 } } as RedisServerFixture;

let old: RedisServerFixture;
let promoted: RedisServerFixture;
/** Says what a Sentinel says; to be subscribed to is all that is asked of one here. */
let sentinel: RedisServerFixture;
let mouth: Redis;
const open: { disconnect(): void; close?: () => void }[] = [];

beforeAll(async () => {
  [old, promoted, sentinel] = await Promise.all([startRedisServer(), startRedisServer(), startRedisServer()]);
  mouth = new Redis(sentinel.url);
});
afterEach(() => {
  for (const one of open.splice(0)) one.disconnect();
});
afterAll(async () => {
  mouth?.disconnect();
  await Promise.all([old, promoted, sentinel].map((each) => each?.[Symbol.asyncDispose]()));
});

/** A client whose Sentinel names, each time it is asked, what `primary` names then. */
function client(primary: () => RedisServerFixture, retryMs = 20): Redis {
  const made = new Redis({
    port: primary().process.port,
    retryStrategy: () => retryMs,
    maxRetriesPerRequest: null,
    disconnectTimeout: 50,
  });
  made.on("error", () => undefined);
  // As the Sentinel connector does: where the primary is, is asked before every attempt.
  made.on("close", () => (made.options.port = primary().process.port));
  open.push(made);
  return made;
}

async function watched(...clients: readonly Redis[]): Promise<PrimaryWatch> {
  const watch = new PrimaryWatch([new Redis(sentinel.url)], "main", ({ port }) => new Redis(port));
  open.push({ disconnect: () => watch.close() });
  for (const each of clients) watch.add(each);
  const listening = async (): Promise<boolean> => (await mouth.pubsub("NUMSUB", "+switch-master"))[1] === 1;
  await until(listening, { what: "the watch listening" });
  return watch;
}

const tell = ({ set = "main", to = promoted } = {}): Promise<number> => {
  const from = to === promoted ? old : promoted;
  return mouth.publish("+switch-master", `${set} 127.0.0.1 ${from.process.port} 127.0.0.1 ${to.process.port}`);
};

describe("PrimaryWatch", () => {
  it("brings a client at once that waits for its next attempt", async () => {
    let primary = NOBODY;
    const waiting = client(() => primary, NEVER_MS);
    await until(() => waiting.status === "reconnecting", { what: "the client waiting" });
    primary = promoted;
    waiting.options.port = promoted.process.port;
    await watched(waiting);
    await tell();
    expect(await waiting.ping()).toBe("PONG");
  });

  it("brings one that sits at an old primary that hangs, with the command it waits for", async () => {
    let primary = old;
    const sitting = client(() => primary);
    await sitting.ping();
    old.process.pause();
    try {
      const reply = sitting.get("nothing");
      primary = promoted;
      await watched(sitting);
      await tell();
      expect(await reply).toBeNull();
    } finally {
      old.process.resume();
    }
  });

  it("brings one that was made from another", async () => {
    let primary = old;
    const first = client(() => primary);
    await watched(first);
    const made = first.duplicate();
    open.push(made);
    made.on("close", () => (made.options.port = primary.process.port));
    await made.ping();
    primary = promoted;
    await tell();
    await until(() => made.options.port === promoted.process.port && made.status === "ready", { what: "it there" });
  });

  it("goes to a replica that became the primary before a Sentinel says so, and after that by the Sentinel's word", async () => {
    const chosen = promoted.process.port;
    const named = `127.0.0.1:${old.process.port}`;
    const admin = new Redis(promoted.url);
    open.push(admin);
    await admin.replicaof("127.0.0.1", old.process.port);
    let isThere = (): boolean => false;
    const sitting = client(() => (isThere() ? promoted : old));
    await sitting.ping();
    const watch = await watched(sitting);
    isThere = () => watch.insteadOf(named) !== null;
    const words = `slave 127.0.0.1:${chosen} 127.0.0.1 ${chosen} @ main 127.0.0.1 ${old.process.port}`;
    let own = 0;
    const askedByOthers = async (): Promise<number> => {
      const calls = Number(/cmdstat_info:calls=(\d+)/.exec(await admin.info("commandstats"))?.[1] ?? 0);
      own += 1;
      return calls - own;
    };
    const before = await askedByOthers();
    await mouth.publish("+failover-state-wait-promotion", words);
    await until(async () => (await askedByOthers()) > before + 1, { what: "the replica asked" });
    expect(watch.insteadOf(named)).toBeNull();
    await admin.replicaof("NO", "ONE");
    await until(() => sitting.options.port === chosen && sitting.status === "ready", { what: "the client there" });
    expect(watch.insteadOf(named)).toMatchObject({ port: chosen });
    expect(watch.insteadOf("127.0.0.1:1")).toBeNull();
    await tell();
    await until(() => watch.insteadOf(named) === null, { what: "the Sentinel's word" });
    expect(await sitting.ping()).toBe("PONG");
  });

  it("leaves those alone that are there already, and those of another set", async () => {
    const there = client(() => old);
    const elsewhere = client(() => promoted);
    await Promise.all([there.ping(), elsewhere.ping()]);
    let lost = 0;
    there.on("close", () => (lost += 1));
    await watched(there, elsewhere);
    const brought = once(elsewhere, "close");
    await tell({ set: "another", to: promoted });
    await tell({ set: "main", to: old });
    // It hears them in this order and brings the clients in that of their coming.
    await brought;
    expect(await there.ping()).toBe("PONG");
    expect(lost).toBe(0);
  });

  it("does not bring back a client that was closed meanwhile", async () => {
    const closed = client(() => NOBODY, 50);
    await watched(closed);
    await until(() => closed.status === "reconnecting", { what: "the client waiting" });
    const brought = new Promise((resolve) => closed.once("connecting", resolve));
    await tell();
    await brought;
    closed.disconnect();
    let again = 0;
    closed.on("connecting", () => (again += 1));
    const beat = client(() => NOBODY, 50);
    let beats = 0;
    beat.on("connecting", () => (beats += 1));
    await until(() => beats > 5, { what: "several times its waiting" });
    expect(again).toBe(0);
  });
});
