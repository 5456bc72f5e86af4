import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectRedis,
  createDetailRecordStream,
  createMembership,
  createTopologyRegistry,
} from "@tandem/adapter-redis";
import { SipPeer, startRedisServer, until, type PeerDialog, type RedisServerFixture } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startEdge, type EdgeOfPool } from "./edge-of-pool.ts";
import { WorkerProcess } from "./worker-process.ts";

let redis: RedisServerFixture;
let edge: EdgeOfPool;
let alice: SipPeer;
let bob: SipPeer;
let psap: SipPeer;
let spool: string;

beforeAll(async () => {
  redis = await startRedisServer();
  spool = await mkdtemp(join(tmpdir(), "worker-spool-"));
});
afterAll(async () => {
  await redis[Symbol.asyncDispose]();
  await rm(spool, { recursive: true, force: true });
});
beforeEach(async () => {
  await redis.flush();
  edge = await startEdge();
  alice = await SipPeer.open({ patienceMs: 15_000 });
  bob = await SipPeer.open({ patienceMs: 15_000 });
  psap = await SipPeer.open({ patienceMs: 15_000 });
});
afterEach(async () => {
  await Promise.all([alice.close(), bob.close(), psap.close(), edge[Symbol.asyncDispose]()]);
});

/** Files of calls whose records wait; the topology last taken lies in the same directory. */
async function spooled(): Promise<readonly string[]> {
  return (await readdir(spool)).filter((name) => name.endsWith(".json"));
}

function environment(): Record<string, string> {
  return {
    TANDEM_NODE_ID: "w1",
    TANDEM_HTTP: "127.0.0.1:0",
    TANDEM_REDIS: redis.url,
    TANDEM_POOL: "east",
    TANDEM_SECRET: "shared",
    TANDEM_EDGES: JSON.stringify({ east: [edge.admin] }),
    TANDEM_SPOOL: spool,
    TANDEM_DRAIN_MS: "20000",
    // What another program takes of the machine is no overload.
    TANDEM_MAX_LAG_MS: "20000",
    TANDEM_MAX_WAIT_MS: "20000",
  };
}

/** A worker that is an edge, too, with listeners of its own. */
function fused(): Record<string, string> {
  const { TANDEM_EDGES: _, ...given } = environment();
  const listeners = ["core", "outside"].map((name) => ({ name, transport: "udp", address: "127.0.0.1", port: 0 }));
  return {
    ...given,
    TANDEM_LISTENERS: JSON.stringify(listeners),
    TANDEM_ADMIN: "127.0.0.1:0",
    TANDEM_SPOOL: join(spool, "fused"),
  };
}

async function drainPool(): Promise<void> {
  const connection = connectRedis(redis.url);
  if (!connection.ok) throw new Error(connection.error.detail);
  expect(await createMembership(connection.value).requestDrain({ kind: "pool", name: "east" }, true)).toMatchObject({
    ok: true,
  });
  await connection.value.close();
}

/** Everything from anywhere on `core` goes to bob, but 911. */
function topology(port = (name: string): number => edge.port(name)): string {
  const listener = (name: string) => ({ name, address: "127.0.0.1", port: port(name), transport: "udp" });
  return JSON.stringify({
    name: "test",
    pools: [
      {
        name: "east",
        edges: 1,
        workers: 1,
        listeners: [{ ...listener("core"), serves: "callers" }, listener("outside")],
      },
    ],
    gateways: [
      { name: "alice", kind: "core", address: "127.0.0.1" },
      { name: "bob", kind: "pstn", address: "127.0.0.1" },
      { name: "sos", kind: "e911", address: "127.0.0.1" },
    ],
    trunks: [
      { name: "alice", pool: "east", listener: "core", gateway: "alice", port: alice.port, usages: ["any"] },
      { name: "bob", pool: "east", listener: "outside", gateway: "bob", port: bob.port },
      { name: "sos", pool: "east", listener: "outside", gateway: "sos", port: psap.port },
    ],
    routes: [{ name: "any", match: "^\\d+$", usages: ["any"], trunks: ["bob"] }],
    emergency: { trunks: ["sos"], fallbackTrunks: ["bob"], numbers: [{ dial: "911" }] },
  });
}

async function publish(json: string, replaces: number | null = null): Promise<void> {
  const connection = connectRedis(redis.url);
  if (!connection.ok) throw new Error(connection.error.detail);
  await createTopologyRegistry(connection.value).publish({ json, author: "test", atMs: Date.now() }, replaces);
  await connection.value.close();
}

async function page(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

/** SIP codes of the calls that have a record, once there are so many. */
async function callRecords(count: number): Promise<readonly number[]> {
  const connection = connectRedis(redis.url);
  if (!connection.ok) throw new Error(connection.error.detail);
  const stream = createDetailRecordStream(connection.value);
  const codes = async (): Promise<readonly number[]> => {
    const records = await stream.read(100);
    const calls = records.ok ? records.value.filter(({ kind }) => kind === "call") : [];
    // Who reads them takes one that comes twice once.
    const byId = new Map(calls.map(({ id, json }) => [id, json]));
    return [...byId.values()].map((json) => (JSON.parse(json) as { readonly sipCode: number }).sipCode);
  };
  await until(async () => (await codes()).length >= count, { what: "the records" });
  const found = await codes();
  await connection.value.close();
  return found;
}

const core = () => ({ address: "127.0.0.1", port: edge.port("core") });

/** A call from alice, answered and ended. */
async function callTo(number: string, callee: SipPeer, to = core()): Promise<void> {
  const sent = alice.request("INVITE", to, { uri: `sip:${number}@127.0.0.1:${to.port}` });
  const invite = await callee.expect("INVITE");
  callee.reply(invite, 200);
  const dialog = alice.dialogAsCaller(sent, await alice.expect("200 INVITE"));
  dialog.ack();
  await callee.expect("ACK");
  dialog.request("BYE");
  callee.reply(await callee.expect("BYE"), 200);
  await alice.expect("200 BYE");
}

const call = () => callTo("100", bob);
const emergencyCall = (to = core()) => callTo("911", psap, to);

describe("a sip-worker process", () => {
  test("without a topology it lives, is not ready, and answers 503", async () => {
    await using worker = new WorkerProcess(environment());
    const http = await worker.ready();
    expect((await page(`${http}/livez`)).status).toBe(200);
    await until(async () => (await page(`${http}/readyz`)).text === "no topology is published yet\n", {
      what: "only the topology missing",
    });
    expect(await page(`${http}/sipz`)).toEqual({ status: 503, text: "no topology is published yet\n" });
    alice.request("INVITE", core());
    expect((await alice.expect(503)).message.get("Retry-After")).toBe("5");
  });

  test("one without a topology, for Redis is gone and it is new, stands aside for one that has it: every 911 is served", async () => {
    await publish(topology());
    await using old = new WorkerProcess(environment());
    const oldHttp = await old.ready();
    await until(async () => (await page(`${oldHttp}/readyz`)).status === 200, { what: "readiness" });
    const empty = await mkdtemp(join(tmpdir(), "new-worker-spool-"));
    await using fresh = new WorkerProcess({
      ...environment(),
      TANDEM_NODE_ID: "w2",
      TANDEM_SPOOL: empty,
      TANDEM_REDIS: "redis://127.0.0.1:1",
    });
    const freshHttp = await fresh.ready();
    await until(async () => !(await page(`${freshHttp}/readyz`)).text.includes("no edge"), { what: "its edge" });
    expect((await page(`${freshHttp}/readyz`)).text).toContain("no topology is published yet");
    for (let count = 0; count < 4; count += 1) await emergencyCall();
    await rm(empty, { recursive: true, force: true });
  });

  test("one that stands still: a 911 that waits for it is served by another, and it does no harm when it goes on", async () => {
    await publish(topology());
    await using still = new WorkerProcess(environment());
    const otherSpool = await mkdtemp(join(tmpdir(), "other-worker-spool-"));
    await using other = new WorkerProcess({ ...environment(), TANDEM_NODE_ID: "w2", TANDEM_SPOOL: otherSpool });
    const https = [await still.ready(), await other.ready()];
    for (const http of https)
      await until(async () => (await page(`${http}/readyz`)).status === 200, { what: "readiness" });
    process.kill(still.child.pid ?? 0, "SIGSTOP");
    const dialogs: PeerDialog[] = [];
    try {
      // One of them comes to the worker that stands still.
      const to = core();
      const sent = [1, 2].map(() => alice.request("INVITE", to, { uri: `sip:911@127.0.0.1:${to.port}` }));
      for (const _ of sent) psap.reply(await psap.expect("INVITE"), 200);
      for (const invite of sent) {
        const dialog = alice.dialogAsCaller(invite, await alice.expect("200 INVITE", invite.get("Call-ID")));
        dialog.ack();
        await psap.expect("ACK");
        dialogs.push(dialog);
      }
    } finally {
      process.kill(still.child.pid ?? 0, "SIGCONT");
    }
    expect((await page(`${https[0]}/livez`)).status).toBe(200);
    await call();
    await call();
    for (const dialog of dialogs) {
      dialog.request("BYE");
      psap.reply(await psap.expect("BYE"), 200);
      await alice.expect("200 BYE");
    }
    expect(await callRecords(4)).toEqual([200, 200, 200, 200]);
    await rm(otherSpool, { recursive: true, force: true });
  });

  test("with one it is ready, serves a call, shows it, and leaves the membership list on SIGTERM", async () => {
    await publish(topology());
    await using worker = new WorkerProcess(environment());
    const http = await worker.ready();
    await until(async () => (await page(`${http}/readyz`)).status === 200, { what: "readiness" });
    await call();
    await until(async () =>
      (await page(`${http}/metrics`)).text.includes(
        'tandem_calls_total{pool="east",ingress_trunk="alice",outcome="success",emergency="no"} 1',
      ),
    );
    const connection = connectRedis(redis.url);
    if (!connection.ok) throw new Error(connection.error.detail);
    const membership = createMembership(connection.value);
    const members = await membership.members();
    expect(members.ok && members.value.map(({ id, role, pool }) => [id, role, pool])).toEqual([
      ["w1", "worker", "east"],
    ]);
    worker.child.kill("SIGTERM");
    expect(await worker.exited).toBe(0);
    expect(await membership.members()).toEqual({ ok: true, value: [] });
    expect(await membership.lost()).toEqual({ ok: true, value: [] });
    const records = await createDetailRecordStream(connection.value).read(10);
    expect(records.ok && records.value.map(({ kind }) => kind)).toEqual(["call", "attempt"]);
    await connection.value.close();
  });

  test("told to end while a phone rings, it shows how much of its bound is used, and ends once the call is decided", async () => {
    await publish(topology());
    await using worker = new WorkerProcess(environment());
    const http = await worker.ready();
    await until(async () => (await page(`${http}/readyz`)).status === 200, { what: "readiness" });
    const used = async (): Promise<number> =>
      Number(/^tandem_drain_bound_used_ratio (.*)$/m.exec((await page(`${http}/metrics`)).text)?.[1]);
    expect(await used()).toBe(0);
    alice.request("INVITE", core(), { uri: `sip:100@127.0.0.1:${core().port}` });
    const invite = await bob.expect("INVITE");
    bob.reply(invite, 180);
    await alice.expect(180);
    worker.child.kill("SIGTERM");
    await until(async () => (await used()) > 0, { what: "the begin of the drain" });
    expect(await used()).toBeLessThanOrEqual(1);
    bob.reply(invite, 486);
    await alice.expect("486 INVITE");
    expect(await worker.exited).toBe(0);
  });

  test("a topology that does not compile is refused, and calls go on with the old one", async () => {
    await publish(topology());
    await using worker = new WorkerProcess(environment());
    const http = await worker.ready();
    await until(async () => (await page(`${http}/readyz`)).status === 200, { what: "readiness" });
    await publish(JSON.stringify({ name: "broken", pools: [] }), 1);
    await until(async () => (await page(`${http}/metrics`)).text.includes("tandem_topology_rejected_total 1"), {
      what: "the refusal",
    });
    await call();
  });

  test("an emergency call goes through while Redis is away, and its records wait on disk", async () => {
    await publish(topology());
    await using worker = new WorkerProcess(environment());
    const http = await worker.ready();
    await until(async () => (await page(`${http}/readyz`)).status === 200, { what: "readiness" });
    process.kill(redis.process.pid, "SIGSTOP");
    try {
      await until(async () => (await page(`${http}/readyz`)).text === "Redis is not reachable\n", {
        what: "Redis missed",
        limitMs: 20_000,
      });
      expect(await page(`${http}/sipz`)).toEqual({ status: 200, text: "ok\n" });
      await emergencyCall();
      await until(async () => (await spooled()).length === 1, { what: "the records on disk", limitMs: 30_000 });
    } finally {
      process.kill(redis.process.pid, "SIGCONT");
    }
    await until(async () => (await spooled()).length === 0, { what: "the records delivered", limitMs: 30_000 });
  });

  test("fused, in a drained pool and without Redis: not ready, and its sockets are served", async () => {
    await using worker = new WorkerProcess(fused());
    const http = await worker.ready();
    const port = (name: string): number => worker.port(name);
    await publish(topology(port));
    await until(async () => (await page(`${http}/readyz`)).status === 200, { what: "readiness" });
    expect((await page(`${http}/metrics`)).text).toContain('tandem_edges_connected{pool="east"} 1');
    await drainPool();
    await until(async () => (await page(`${http}/readyz`)).text === "draining\n", { what: "the drain" });
    expect(await page(`${http}/sipz`)).toEqual({ status: 200, text: "ok\n" });
    const to = { address: "127.0.0.1", port: port("core") };
    await emergencyCall(to);
    process.kill(redis.process.pid, "SIGSTOP");
    try {
      await until(async () => (await page(`${http}/readyz`)).text === "Redis is not reachable\ndraining\n", {
        what: "Redis missed",
        limitMs: 20_000,
      });
      expect(await page(`${http}/sipz`)).toEqual({ status: 200, text: "ok\n" });
      await emergencyCall(to);
    } finally {
      process.kill(redis.process.pid, "SIGCONT");
    }
  });

  test("shows by a nought that a pool has no edge", async () => {
    const edges = { east: [edge.admin], west: ["127.0.0.1:1"] };
    await using worker = new WorkerProcess({ ...environment(), TANDEM_EDGES: JSON.stringify(edges) });
    const http = await worker.ready();
    await until(async () => /^tandem_edges_connected\{pool="east"\} 1$/m.test((await page(`${http}/metrics`)).text), {
      what: "the edge of the other pool",
    });
    expect((await page(`${http}/metrics`)).text).toContain('tandem_edges_connected{pool="west"} 0');
  });

  test("beside sockets, told to end, it serves for the time that balancers need", async () => {
    await publish(topology());
    await using worker = new WorkerProcess({ ...environment(), TANDEM_LINGER_MS: "5000" });
    const http = await worker.ready();
    await until(async () => (await page(`${http}/sipz`)).status === 200, { what: "a worker that serves" });
    const toldMs = performance.now();
    worker.child.kill("SIGTERM");
    expect(await worker.exited).toBe(0);
    expect(performance.now() - toldMs).toBeGreaterThanOrEqual(4_900);
  });

  test("whose spool cannot be written says so, and serves emergency calls", async () => {
    const file = join(spool, "a-file");
    await writeFile(file, "");
    await publish(topology());
    await using worker = new WorkerProcess({ ...environment(), TANDEM_SPOOL: join(file, "inner") });
    const http = await worker.ready();
    await until(async () => (await page(`${http}/metrics`)).text.includes("tandem_spool_writable 0\n"), {
      what: "the spool known as not writable",
    });
    await until(
      () => worker.lines.some(({ msg, fault }) => /cannot be written/.test(String(msg)) && fault === "ENOTDIR"),
      {
        what: "a line that says so",
      },
    );
    await until(async () => (await page(`${http}/readyz`)).status === 200, { what: "readiness" });
    await emergencyCall();
  });

  test.each([
    ["nothing set", {}, /TANDEM_HTTP is not set/],
    ["no edges of the own pool", { TANDEM_EDGES: '{"west":["127.0.0.1:1"]}' }, /TANDEM_EDGES is wrong/],
    ["a Redis URL that is none", { TANDEM_REDIS: "mysql://x" }, null],
  ])("%s ends it with the configuration's exit code", async (name, change, sentence) => {
    await using worker = new WorkerProcess(name === "nothing set" ? {} : { ...environment(), ...change });
    expect(await worker.exited).toBe(78);
    if (sentence !== null) expect(worker.errors).toMatch(sentence);
    else expect(worker.lines.at(-1)).toMatchObject({ msg: "configuration cannot be used" });
  });
});
