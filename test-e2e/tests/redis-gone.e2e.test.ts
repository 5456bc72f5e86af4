import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  SipPeer,
  startRedisServer,
  undisturbed,
  until,
  type PeerAddressOf,
  type RedisServerFixture,
} from "@tandem/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { heldPlaces } from "../harness/held-places.ts";
import { sipPort } from "../harness/ports.ts";
import { hangUp, invite, setUp, setUpAtLast } from "../harness/scripted-call.ts";
import { startUac, startUas, stopAllSipp } from "../harness/sipp.ts";
import { makeTopology } from "../harness/topology.ts";

const GONE_MS = 60_000;
const EMERGENCIES_PER_S = 2;
/** The last of them ends before Redis is back. */
const EMERGENCIES = EMERGENCIES_PER_S * (GONE_MS / 1_000 - 5);
/** From here on nobody waits for Redis any more: it is gone, not failing over. */
const SETTLED_MS = 15_000;
/** Much less than a caller's wait for a store that is failing over (6 s). */
const AT_ONCE_MS = 1_000;

const alice = await SipPeer.open({ user: "alice", patienceMs: 20_000 });
const bob = await SipPeer.open({ user: "bob", patienceMs: 20_000 });
const sos = await sipPort();
// Its data outlives it, as on a host that is started again.
const folder = mkdtempSync(join(tmpdir(), "tandem-redis-data-"));
const KEPT = ["--appendonly", "yes", "--appendfsync", "always", "--dir", folder];
let redis: RedisServerFixture;
let cluster: TestCluster;
let to: PeerAddressOf;

beforeAll(async () => {
  redis = await startRedisServer({ args: KEPT });
  const topology = await makeTopology({
    pools: { east: { workers: 2 } },
    trunks: { bob: { port: bob.port, maxCalls: 100 }, sos: { port: sos, kind: "e911" } },
    emergency: { trunks: ["sos"] },
  });
  cluster = await startCluster(topology, { args: ["--redis", redis.url] });
  to = { address: "127.0.0.1", port: cluster.port("core") };
});
afterAll(async () => {
  await stopAllSipp();
  await cluster?.stop();
  await redis?.[Symbol.asyncDispose]();
  await Promise.all([alice.close(), bob.close()]);
  rmSync(folder, { recursive: true, force: true });
});

describe("Redis gone for a minute", () => {
  it("emergency calls go through all the while, ordinary ones are told when to come back, and every call has its record", async () => {
    const established = await setUp({ caller: alice, callee: bob, to });
    expect(await heldPlaces(redis.url, ["bob"])).toBe(1);
    await startUas({
      scenario: "uas-basic-expect-200",
      port: sos,
      calls: 10 * EMERGENCIES,
      logMessages: false,
      limitMs: 110_000,
    });
    const { port } = redis.process;
    await redis.process.kill();
    const goneMs = Date.now();
    const emergencies = await startUac({
      scenario: "uac-basic-expect-200",
      target: to.port,
      service: "911",
      calls: EMERGENCIES,
      rate: EMERGENCIES_PER_S,
      holdMs: 100,
      limitMs: 110_000,
      logMessages: false,
    });
    await delay(goneMs + SETTLED_MS - Date.now());
    const refusedMs = await undisturbed(refused, (tookMs) => tookMs < AT_ONCE_MS);
    expect(refusedMs).toBeLessThan(AT_ONCE_MS);
    established.caller.request("INFO");
    expect(Number((await alice.expect("503 INFO")).message.get("Retry-After"))).toBeGreaterThan(0);
    const { completed, failed } = await emergencies.result;
    expect({ completed, failed }).toEqual({ completed: EMERGENCIES, failed: 0 });
    expect(await rungSoon()).toBeGreaterThan(EMERGENCIES / 2);
    await delay(Math.max(0, goneMs + GONE_MS - Date.now()));
    redis = await startRedisServer({ port, args: KEPT });

    await until(async () => (await cluster.api.get("/v1/calls")).status === 200, { what: "the store back" });
    await hangUp(established, alice, bob);
    // A worker notices within a second.
    await hangUp(await setUpAtLast({ caller: alice, callee: bob, to }), alice, bob);
    const records = await cluster.recordsOf(EMERGENCIES + 2);
    expect(new Set(records.map(({ id }) => id)).size).toBe(EMERGENCIES + 2);
    expect(records).toHaveLength(EMERGENCIES + 2);
    expect(records.filter(({ emergency }) => emergency !== null)).toHaveLength(EMERGENCIES);
    expect(records.every(({ sipCode }) => sipCode === 200)).toBe(true);
    const load = async (): Promise<number> => {
      const trunks = (await cluster.api.get("/v1/trunks")).body as readonly { readonly load: number }[];
      return trunks.reduce((sum, one) => sum + one.load, 0);
    };
    await until(async () => (await load()) === 0, { what: "no load left" });
    const { body } = await cluster.api.get("/v1/calls?limit=1");
    expect(body).toMatchObject({ total: 0 });
    const attempts = cluster.attemptRecords().map(({ id }) => id);
    expect(new Set(attempts).size).toBe(EMERGENCIES + 2);
    await until(async () => (await heldPlaces(redis.url, ["bob"])) === 0, {
      what: "bob's places given back",
      limitMs: 120_000,
    });
  });
});

/** Emergency calls that rang within 100 ms at both workers: none of them waited for Redis, of which the shortest bound is 150 ms. */
async function rungSoon(): Promise<number> {
  const rung = ["worker-east-1", "worker-east-2"].map((worker) =>
    cluster.metric(worker, "tandem_emergency_ringing_seconds_bucket", { le: "0.1" }),
  );
  return (await Promise.all(rung)).reduce((sum, one) => sum + one, 0);
}

/** A new ordinary call gets 503 with Retry-After; gives how long that took (ms). */
async function refused(): Promise<number> {
  const askedMs = Date.now();
  const sent = invite(alice, to);
  const answer = await alice.expect("503 INVITE", sent.get("Call-ID"));
  const tookMs = Date.now() - askedMs;
  expect(Number(answer.message.get("Retry-After"))).toBeGreaterThan(0);
  alice.ackFailure(sent, answer);
  return tookMs;
}
