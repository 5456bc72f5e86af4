import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DetailRecord } from "@tandem/call-control";
import { startRedisCluster, startRedisServer, until, type RedisFixture } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { clusterState, document, fakeWorker, publish, type ClusterState } from "./cluster-state.ts";
import { startController } from "./controller-process.ts";

const deployments: readonly { readonly name: string; readonly start: () => Promise<RedisFixture> }[] = [
  { name: "standalone", start: () => startRedisServer() },
  { name: "Cluster of three masters", start: startRedisCluster },
];

const LEASE_MS = 1_500;
const settings = (url: string, nodeId: string): Record<string, string> => ({
  TANDEM_REDIS: url,
  TANDEM_NODE_ID: nodeId,
  TANDEM_LEASE_MS: String(LEASE_MS),
});

describe.each(deployments)("a controller on Redis $name", ({ start }) => {
  it("takes a trunk down after the threshold of misses and up after one answer, and a removed one off the board", async () => {
    await using redis = await start();
    await using state = clusterState(redis.url);
    await using worker = await fakeWorker(state);
    await publish(state, document, null);
    await using controller = await startController(settings(redis.url, "c1"));
    await until(async () => (await state.health("to-carrier"))?.state === "up", { what: "the trunk up" });
    worker.answer = { outcome: "timeout", code: null };
    await until(async () => (await state.health("to-carrier"))?.state === "down", { what: "the trunk down" });
    expect(await state.health("to-carrier")).toMatchObject({ failures: 2, reason: "OPTIONS not answered" });
    worker.answer = { outcome: "answered", code: 405 };
    await until(async () => (await state.health("to-carrier"))?.state === "up", { what: "the trunk up again" });
    expect(worker.requests.every(({ trunk, pool }) => trunk === "to-carrier" && pool === "main")).toBe(true);
    await until(async () => (await controller.metric('tandem_trunk_up{trunk="to-carrier"}')) === 1, {
      what: "the metric",
    });
    const renamed = structuredClone(document);
    renamed.trunks[1]!.name = "to-other";
    renamed.routes[0]!.trunks = ["to-other"];
    renamed.emergency.fallbackTrunks = ["to-other"];
    await publish(state, renamed, 1);
    await until(async () => (await state.health("to-other"))?.state === "up", { what: "the new trunk up" });
    await until(async () => (await state.health("to-carrier")) === undefined, { what: "the old trunk forgotten" });
    expect(await controller.end("SIGTERM")).toBe(0);
  });

  it("is followed by a standby within seconds of its death, which goes on probing and delivering", async () => {
    await using redis = await start();
    await using state = clusterState(redis.url);
    await using worker = await fakeWorker(state);
    await publish(state, document, null);
    await using first = await startController(settings(redis.url, "c1"));
    await until(async () => (await first.metric("tandem_leader")) === 1, { what: "the first leader" });
    await using second = await startController(settings(redis.url, "c2"));
    await until(() => worker.requests.length > 0, { what: "a probe" });
    expect(await second.metric("tandem_leader")).toBe(0);
    await until(async () => (await state.controllers()).join() === "c1 leader,c2", { what: "both on the list" });
    await first.kill();
    const killedMs = performance.now();
    const probed = worker.requests.length;
    await until(async () => (await second.metric("tandem_leader")) === 1, { what: "the successor" });
    expect(performance.now() - killedMs).toBeLessThan(LEASE_MS * 3 + 10_000);
    await until(() => worker.requests.length > probed, { what: "a probe of the successor" });
    expect(worker.requests.at(-1)?.id).toMatch(/^c2-/);
    await until(async () => (await second.metric('tandem_members_lost{role="controller",pool=""}')) === 1, {
      what: "the loss told",
    });
  });
});

describe("a controller", () => {
  it("counts passive signals, refuses a broken topology whole, and goes on with the one before", async () => {
    await using redis = await startRedisServer();
    await using state = clusterState(redis.url);
    await publish(state, document, null);
    await using controller = await startController(settings(redis.url, "c1"));
    await until(async () => (await controller.metric("tandem_topology_version")) === 1, { what: "version 1" });
    await publish(state, { ...document, pools: [] }, 1);
    await until(async () => (await controller.metric("tandem_topology_rejected_total")) === 1, { what: "the refusal" });
    expect(await controller.metric("tandem_topology_version")).toBe(1);
    const refusal = controller.log.find(({ msg }) => msg.startsWith("topology refused"));
    expect(refusal?.["version"]).toBe(2);
    await until(() => controller.log.some(({ msg }) => msg === "trunk probing begun"), { what: "probing" });
    for (const code of [503, 500]) {
      state.board.report({ trunk: "to-carrier", outcome: "failed", code, atMs: Date.now() });
    }
    await until(async () => (await state.health("to-carrier"))?.state === "down", { what: "the trunk down" });
    expect(await state.health("to-carrier")).toMatchObject({ reason: "call attempt failed with 500" });
  });

  it("publishes the topology of its files, and again when they change", async () => {
    await using redis = await startRedisServer();
    await using state = clusterState(redis.url);
    const folder = await mkdtemp(join(tmpdir(), "tandem-topology-"));
    const [pools, rest] = [join(folder, "pools.yaml"), join(folder, "document.yaml")];
    const { pools: writtenPools, ...others } = document;
    await writeFile(pools, stringify({ pools: writtenPools }));
    await writeFile(rest, stringify(others));
    const files = { TANDEM_TOPOLOGY_FILES: `${pools},${rest}` };
    await using controller = await startController({ ...settings(redis.url, "c1"), ...files });
    const published = async () => valueOf(await state.topology.current());
    await until(async () => (await published())?.version === 1, { what: "the first publication" });
    expect(JSON.parse((await published())!.json)).toEqual(document);
    await writeFile(rest, stringify({ ...others, name: "changed" }));
    await until(async () => (await published())?.version === 2, { what: "the second publication" });
    await until(async () => (await controller.metric('tandem_topology_file{standing="in-force"}')) === 1, {
      what: "the metric",
    });
    await rm(folder, { recursive: true });
  });

  it("ends calls nobody came for, with their leases and one detail record", async () => {
    await using redis = await startRedisServer();
    await using state = clusterState(redis.url);
    await publish(state, document, null);
    const directory = await mkdtemp(join(tmpdir(), "tandem-controller-"));
    const file = join(directory, "cdr.jsonl");
    const expired = { callId: "lost", document: "{]", deadlineMs: Date.now() - 60_000, trunks: ["to-carrier"] };
    valueOf(await state.store.create(expired));
    await using controller = await startController({
      ...settings(redis.url, "c1"),
      TANDEM_SWEEP_GRACE_MS: "1000",
      TANDEM_CDR_FILE: file,
    });
    await until(async () => valueOf(await state.store.count()) === 0, { what: "the sweep" });
    expect(valueOf(await state.store.loads()).size).toBe(0);
    await until(async () => (await readFile(file, "utf8").catch(() => "")).includes("state-lost"), {
      what: "the detail record",
    });
    expect(await controller.metric("tandem_calls_swept_total")).toBe(1);
    await rm(directory, { recursive: true });
  });

  it("writes detail records to a file that may be moved away under it", async () => {
    await using redis = await startRedisServer();
    await using state = clusterState(redis.url);
    const directory = await mkdtemp(join(tmpdir(), "tandem-controller-"));
    const file = join(directory, "cdr.jsonl");
    await using controller = await startController({ ...settings(redis.url, "c1"), TANDEM_CDR_FILE: file });
    await finishCalls(state, 0, 20);
    await until(async () => (await distinctLinesOf(file)).length === 40, { what: "the first records" });
    await rename(file, `${file}.1`);
    controller.signal("SIGHUP");
    await finishCalls(state, 20, 20);
    const both = [`${file}.1`, file];
    await until(async () => (await distinctLinesOf(...both)).length === 80, { what: "all records" });
    const lines = await distinctLinesOf(...both);
    const calls = lines.map((line) => JSON.parse(line) as DetailRecord).filter(({ kind }) => kind === "call");
    const ids = calls.map(({ id }) => id);
    expect(ids.toSorted(byNumber)).toEqual(Array.from({ length: 40 }, (_, index) => `call-${String(index)}`));
    await until(async () => valueOf(await state.details.backlog()) === 0, { what: "an empty stream" });
    expect(await controller.end("SIGINT")).toBe(0);
    await rm(directory, { recursive: true });
  });

  it("stops leading while Redis hangs, goes on when it wakes, also when it comes back empty, and ends in order without it", async () => {
    const redis = await startRedisServer();
    await using state = clusterState(redis.url);
    await using worker = await fakeWorker(state);
    await publish(state, document, null);
    await using controller = await startController({
      ...settings(redis.url, "c1"),
      TANDEM_CDR_WEBHOOK: "http://127.0.0.1:1/nobody",
    });
    await until(() => worker.requests.length > 0, { what: "a probe" });
    redis.process.pause();
    await until(async () => (await controller.metric("tandem_leader")) === 0, { what: "the end of the term" });
    redis.process.resume();
    const beforeWake = worker.requests.length;
    await until(() => worker.requests.length > beforeWake, { what: "a probe after the pause" });
    await redis.process.kill();
    await until(async () => (await controller.metric("tandem_leader")) === 0, { what: "the end of the term" });
    const empty = await startRedisServer({ port: redis.process.port });
    await until(async () => (await state.topology.current()).ok, { what: "Redis again" });
    await publish(state, document, null);
    const beforeEmpty = worker.requests.length;
    await until(() => worker.requests.length > beforeEmpty, { limitMs: 30_000, what: "a probe with the empty Redis" });
    await empty.process.kill();
    expect(await controller.end("SIGTERM")).toBe(0);
  });

  it("delivers every detail record to a flaky receiver, in order per call, over the death of the leader", async () => {
    await using redis = await startRedisServer();
    await using state = clusterState(redis.url);
    using receiver = await flakyReceiver();
    const environment = {
      TANDEM_CDR_WEBHOOK: receiver.url,
      TANDEM_CDR_WEBHOOK_SECRET: "hush",
      TANDEM_CDR_WEBHOOK_TIMEOUT_MS: "300",
    };
    await using first = await startController({ ...settings(redis.url, "c1"), ...environment });
    await until(async () => (await first.metric("tandem_leader")) === 1, { what: "the first leader" });
    await using second = await startController({ ...settings(redis.url, "c2"), ...environment });
    for (let batch = 0; batch < 5; batch += 1) await finishCalls(state, batch * 30, 30);
    await until(() => receiver.accepted.length >= 1, { what: "a delivery" });
    await first.kill();
    for (let batch = 5; batch < 10; batch += 1) await finishCalls(state, batch * 30, 30);
    await until(() => new Set(receiver.accepted).size === 600, { limitMs: 100_000, what: "all records" });
    for (let call = 0; call < 300; call += 1) {
      const attempt = receiver.accepted.indexOf(`call-${String(call)}-1`);
      expect(attempt).toBeGreaterThanOrEqual(0);
      expect(receiver.accepted.indexOf(`call-${String(call)}`)).toBeGreaterThan(attempt);
    }
    await until(async () => (await second.metric("tandem_detail_records_backlog")) === 0, { what: "no backlog" });
    expect(receiver.keys.every((key) => /^[0-9a-f]{40}$/.test(key))).toBe(true);
    expect(receiver.unsigned).toBe(0);
  });
});

/** Answers every third request with an error or not at all, the others with 200; keeps what it accepted. */
async function flakyReceiver() {
  const receiver = { accepted: [] as string[], keys: [] as string[], unsigned: 0, url: "" };
  let count = 0;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      count += 1;
      receiver.keys.push(String(request.headers["idempotency-key"]));
      if (request.headers["tandem-signature"] === undefined) receiver.unsigned += 1;
      if (count % 6 === 3) return;
      if (count % 6 === 0) return void response.writeHead(500).end();
      const { records } = JSON.parse(body) as { records: { id: string }[] };
      receiver.accepted.push(...records.map(({ id }) => id));
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  receiver.url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/cdr`;
  return Object.assign(receiver, {
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  });
}

async function finishCalls(state: ClusterState, from: number, count: number): Promise<void> {
  for (let index = from; index < from + count; index += 1) {
    const id = `call-${String(index)}`;
    const call = { callId: id, document: "{}", deadlineMs: Date.now(), trunks: [] };
    const records = [detail("attempt", `${id}-1`), detail("call", id)];
    valueOf(await state.store.finish(call, 0, records));
  }
}

function detail(kind: "attempt" | "call", id: string): DetailRecord {
  return { id, kind, json: JSON.stringify({ kind, id }) };
}

/** A leader that loses its term on a slow machine may write what it had once more. */
async function distinctLinesOf(...files: readonly string[]): Promise<readonly string[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => "")));
  // The last part is empty, or a line under way.
  return [...new Set(texts.flatMap((text) => text.split("\n").slice(0, -1)))];
}

function byNumber(a: string, b: string): number {
  return Number(a.slice(5)) - Number(b.slice(5));
}
