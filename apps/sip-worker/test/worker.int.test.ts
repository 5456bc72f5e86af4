import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDetailRecordStream, createMembership } from "@tandem/adapter-redis";
import { until, type PeerDialog } from "@tandem/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { PoolRig } from "./pool-rig.ts";
import { WorkerProcess } from "./worker-process.ts";

let pool: PoolRig;

beforeAll(async () => {
  pool = await PoolRig.start();
});
afterAll(() => pool.stop());
beforeEach(() => pool.fresh());
afterEach(() => pool.over());

async function page(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

const untilReady = (http: string) =>
  until(async () => (await page(`${http}/readyz`)).status === 200, { what: "readiness" });

describe("a sip-worker process", () => {
  test("without a topology it lives, is not ready, and answers 503", async () => {
    await using worker = new WorkerProcess(pool.environment());
    const http = await worker.ready();
    expect((await page(`${http}/livez`)).status).toBe(200);
    await until(async () => (await page(`${http}/readyz`)).text === "no topology is published yet\n", {
      what: "only the topology missing",
    });
    expect(await page(`${http}/sipz`)).toEqual({ status: 503, text: "no topology is published yet\n" });
    pool.alice.request("INVITE", pool.core);
    expect((await pool.alice.expect(503)).message.get("Retry-After")).toBe("5");
  });

  test("one without a topology, for Redis is gone and it is new, stands aside for one that has it: every 911 is served", async () => {
    await pool.publish(pool.topology());
    await using old = new WorkerProcess(pool.environment());
    const oldHttp = await old.ready();
    await untilReady(oldHttp);
    const empty = await mkdtemp(join(tmpdir(), "new-worker-spool-"));
    await using fresh = new WorkerProcess({
      ...pool.environment(),
      TANDEM_NODE_ID: "w2",
      TANDEM_SPOOL: empty,
      TANDEM_REDIS: "redis://127.0.0.1:1",
    });
    const freshHttp = await fresh.ready();
    await until(async () => !(await page(`${freshHttp}/readyz`)).text.includes("no edge"), { what: "its edge" });
    expect((await page(`${freshHttp}/readyz`)).text).toContain("no topology is published yet");
    for (let count = 0; count < 4; count += 1) await pool.emergencyCall();
    await rm(empty, { recursive: true, force: true });
  });

  test("one that stands still: a 911 that waits for it is served by another, and it does no harm when it goes on", async () => {
    await pool.publish(pool.topology());
    await using still = new WorkerProcess(pool.environment());
    const otherSpool = await mkdtemp(join(tmpdir(), "other-worker-spool-"));
    await using other = new WorkerProcess({ ...pool.environment(), TANDEM_NODE_ID: "w2", TANDEM_SPOOL: otherSpool });
    const https = [await still.ready(), await other.ready()];
    for (const http of https) await untilReady(http);
    process.kill(still.child.pid ?? 0, "SIGSTOP");
    const dialogs: PeerDialog[] = [];
    try {
      // One of them comes to the worker that stands still.
      const to = pool.core;
      const sent = [1, 2].map(() => pool.alice.request("INVITE", to, { uri: `sip:911@127.0.0.1:${to.port}` }));
      for (const _ of sent) pool.psap.reply(await pool.psap.expect("INVITE"), 200);
      for (const invite of sent) {
        const dialog = pool.alice.dialogAsCaller(invite, await pool.alice.expect("200 INVITE", invite.get("Call-ID")));
        dialog.ack();
        await pool.psap.expect("ACK");
        dialogs.push(dialog);
      }
    } finally {
      process.kill(still.child.pid ?? 0, "SIGCONT");
    }
    expect((await page(`${https[0]}/livez`)).status).toBe(200);
    await pool.call();
    await pool.call();
    for (const dialog of dialogs) {
      dialog.request("BYE");
      pool.psap.reply(await pool.psap.expect("BYE"), 200);
      await pool.alice.expect("200 BYE");
    }
    expect(await pool.callRecords(4)).toEqual([200, 200, 200, 200]);
    await rm(otherSpool, { recursive: true, force: true });
  });

  test("with one it is ready, serves a call, shows it, and leaves the membership list on SIGTERM", async () => {
    await pool.publish(pool.topology());
    await using worker = new WorkerProcess(pool.environment());
    const http = await worker.ready();
    await untilReady(http);
    await pool.call();
    await until(async () =>
      (await page(`${http}/metrics`)).text.includes(
        'tandem_calls_total{pool="east",ingress_trunk="alice",outcome="success",emergency="no"} 1',
      ),
    );
    await pool.onRedis(async (redis) => {
      const membership = createMembership(redis);
      const members = await membership.members();
      expect(members.ok && members.value.map(({ id, role, pool: its }) => [id, role, its])).toEqual([
        ["w1", "worker", "east"],
      ]);
      worker.child.kill("SIGTERM");
      expect(await worker.exited).toBe(0);
      expect(await membership.members()).toEqual({ ok: true, value: [] });
      expect(await membership.lost()).toEqual({ ok: true, value: [] });
      const records = await createDetailRecordStream(redis).read(10);
      expect(records.ok && records.value.map(({ kind }) => kind)).toEqual(["call", "attempt"]);
    });
  });

  test("told to end while a phone rings, it shows how much of its bound is used, and ends once the call is decided", async () => {
    await pool.publish(pool.topology());
    await using worker = new WorkerProcess(pool.environment());
    const http = await worker.ready();
    await untilReady(http);
    const used = async (): Promise<number> =>
      Number(/^tandem_drain_bound_used_ratio (.*)$/m.exec((await page(`${http}/metrics`)).text)?.[1]);
    expect(await used()).toBe(0);
    pool.alice.request("INVITE", pool.core, { uri: `sip:100@127.0.0.1:${pool.core.port}` });
    const invite = await pool.bob.expect("INVITE");
    pool.bob.reply(invite, 180);
    await pool.alice.expect(180);
    worker.child.kill("SIGTERM");
    await until(async () => (await used()) > 0, { what: "the begin of the drain" });
    expect(await used()).toBeLessThanOrEqual(1);
    pool.bob.reply(invite, 486);
    await pool.alice.expect("486 INVITE");
    expect(await worker.exited).toBe(0);
  });

  test("a topology that does not compile is refused, and calls go on with the old one", async () => {
    await pool.publish(pool.topology());
    await using worker = new WorkerProcess(pool.environment());
    const http = await worker.ready();
    await untilReady(http);
    await pool.publish(JSON.stringify({ name: "broken", pools: [] }), 1);
    await until(async () => (await page(`${http}/metrics`)).text.includes("tandem_topology_rejected_total 1"), {
      what: "the refusal",
    });
    await pool.call();
  });

  test("an emergency call goes through while Redis is away, and its records wait on disk", async () => {
    await pool.publish(pool.topology());
    await using worker = new WorkerProcess(pool.environment());
    const http = await worker.ready();
    await untilReady(http);
    process.kill(pool.redis.process.pid, "SIGSTOP");
    try {
      await until(async () => (await page(`${http}/readyz`)).text === "Redis is not reachable\n", {
        what: "Redis missed",
        limitMs: 20_000,
      });
      expect(await page(`${http}/sipz`)).toEqual({ status: 200, text: "ok\n" });
      await pool.emergencyCall();
      await until(async () => (await pool.spooled()).length === 1, { what: "the records on disk", limitMs: 30_000 });
    } finally {
      process.kill(pool.redis.process.pid, "SIGCONT");
    }
    await until(async () => (await pool.spooled()).length === 0, { what: "the records delivered", limitMs: 30_000 });
  });

  test("fused, in a drained pool and without Redis: not ready, and its sockets are served", async () => {
    await using worker = new WorkerProcess(pool.fused());
    const http = await worker.ready();
    const port = (name: string): number => worker.port(name);
    await pool.publish(pool.topology(port));
    await untilReady(http);
    expect((await page(`${http}/metrics`)).text).toContain('tandem_edges_connected{pool="east"} 1');
    await pool.drainPool();
    await until(async () => (await page(`${http}/readyz`)).text === "draining\n", { what: "the drain" });
    expect(await page(`${http}/sipz`)).toEqual({ status: 200, text: "ok\n" });
    const to = { address: "127.0.0.1", port: port("core") };
    await pool.emergencyCall(to);
    process.kill(pool.redis.process.pid, "SIGSTOP");
    try {
      await until(async () => (await page(`${http}/readyz`)).text === "Redis is not reachable\ndraining\n", {
        what: "Redis missed",
        limitMs: 20_000,
      });
      expect(await page(`${http}/sipz`)).toEqual({ status: 200, text: "ok\n" });
      await pool.emergencyCall(to);
    } finally {
      process.kill(pool.redis.process.pid, "SIGCONT");
    }
  });

  test("shows by a nought that a pool has no edge", async () => {
    const edges = { east: [pool.edge.admin], west: ["127.0.0.1:1"] };
    await using worker = new WorkerProcess({ ...pool.environment(), TANDEM_EDGES: JSON.stringify(edges) });
    const http = await worker.ready();
    await until(async () => /^tandem_edges_connected\{pool="east"\} 1$/m.test((await page(`${http}/metrics`)).text), {
      what: "the edge of the other pool",
    });
    expect((await page(`${http}/metrics`)).text).toContain('tandem_edges_connected{pool="west"} 0');
  });

  test("beside sockets, told to end, it serves for the time that balancers need", async () => {
    await pool.publish(pool.topology());
    await using worker = new WorkerProcess({ ...pool.environment(), TANDEM_LINGER_MS: "5000" });
    const http = await worker.ready();
    await until(async () => (await page(`${http}/sipz`)).status === 200, { what: "a worker that serves" });
    const toldMs = performance.now();
    worker.child.kill("SIGTERM");
    expect(await worker.exited).toBe(0);
    expect(performance.now() - toldMs).toBeGreaterThanOrEqual(4_900);
  });

  test("whose spool cannot be written says so, and serves emergency calls", async () => {
    const file = join(pool.spool, "a-file");
    await writeFile(file, "");
    await pool.publish(pool.topology());
    await using worker = new WorkerProcess({ ...pool.environment(), TANDEM_SPOOL: join(file, "inner") });
    const http = await worker.ready();
    await until(async () => (await page(`${http}/metrics`)).text.includes("tandem_spool_writable 0\n"), {
      what: "the spool known as not writable",
    });
    await until(() => worker.lines.some(({ msg, fault }) => /cannot be written/.test(msg) && fault === "ENOTDIR"), {
      what: "a line that says so",
    });
    await untilReady(http);
    await pool.emergencyCall();
  });

  test.each([
    ["nothing set", {}, /TANDEM_HTTP is not set/],
    ["no edges of the own pool", { TANDEM_EDGES: '{"west":["127.0.0.1:1"]}' }, /TANDEM_EDGES is wrong/],
    ["a Redis URL that is none", { TANDEM_REDIS: "mysql://x" }, null],
  ])("%s ends it with the configuration's exit code", async (name, change, sentence) => {
    await using worker = new WorkerProcess(name === "nothing set" ? {} : { ...pool.environment(), ...change });
    expect(await worker.exited).toBe(78);
    if (sentence !== null) expect(worker.errors).toMatch(sentence);
    else expect(worker.lines.at(-1)).toMatchObject({ msg: "configuration cannot be used" });
  });
});
