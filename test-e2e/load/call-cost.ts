/**
 * CPU of one call in a fused worker: endpoint, edge, call control, machine and Redis client as they run in production, on a network in memory, so that
 * what is measured is our own code and nobody else's wake-ups. A Redis of its own runs beside; what the calls' detail records take there, which nobody fetches, is shown too.
 * node --conditions=@tandem/source test-e2e/load/call-cost.ts [calls per round] [rounds] [calls at once]
 */
import { createHash } from "node:crypto";
import { createDrachtioSipPort } from "@tandem/adapter-drachtio/client";
import { createDrachtioServer } from "@tandem/adapter-drachtio/server";
import { ConfiguredNames, createWorkerTelemetry, Registry } from "@tandem/adapter-prometheus";
import { connectRedis, createRedisCallStore, createRedisTrunkGate } from "@tandem/adapter-redis";
import { createCallEngine, noLocationSource, type CallEngine, type SipApplication } from "@tandem/call-control";
import {
  FakeCallbackBook,
  FakeSetupClaims,
  FakeDetailRecordSpool,
  FakeLoadMeter,
  FakeMediaMixer,
  FakeMediaRelay,
  FakeNameResolver,
  FakeNoticeLog,
  FakeNoticeSpool,
  FakeProbeExchange,
  FakeTopologyCache,
  FakeTopologyRegistry,
  FakeTrunkHealthBoard,
  FakeWorkerErrands,
} from "@tandem/call-control/testing";
import { err, ok } from "@tandem/domain";
import { createLogger, systemClock } from "@tandem/runtime";
import { createEndpoint } from "@tandem/sip-endpoint";
import { startRedisServer } from "@tandem/testkit";
import { parseTopologyDocument } from "@tandem/topology-document";
import { Redis } from "ioredis";
import { makeTopology } from "../harness/topology.ts";
import { MemoryPeers } from "./memory-peers.ts";

const calls = Number(process.argv[2] ?? 40);
const rounds = Number(process.argv[3] ?? 250);
const atOnce = Number(process.argv[4] ?? 20);

async function startWorker(peers: MemoryPeers, redisUrl: string): Promise<CallEngine> {
  const logger = createLogger({ name: "bench", level: "warn" });
  const server = createDrachtioServer({ edge: "edge-1", pool: "east", secret: "bench" });
  const listeners = ["core", "out"].map((name) => ({ name, transport: "udp" as const, address: "127.0.0.1", port: 0 }));
  const endpoint = await createEndpoint({ listeners, datagrams: peers }, server.events);
  if (!endpoint.ok) throw new Error(endpoint.error.detail);
  await server.serve(endpoint.value, { host: "127.0.0.1", port: 0 });
  const late: { app: SipApplication | null } = { app: null };
  const app: SipApplication = {
    onRequest: (request) => late.app?.onRequest(request),
    onCancel: (transaction, cancel) => late.app?.onCancel(transaction, cancel),
    onAckTimeout: (transaction, response) => late.app?.onAckTimeout(transaction, response),
    onOrphanAnswer: (answer) => late.app?.onOrphanAnswer(answer),
    worksOn: () => true,
  };
  const sip = createDrachtioSipPort({
    pools: ["east"],
    pool: "east",
    secret: "bench",
    edges: async () => [],
    app,
    local: server,
  });
  const redis = connectRedis(redisUrl);
  if (!redis.ok) throw new Error(redis.error.detail);
  await redis.value.ready(5_000);
  const topology = new FakeTopologyRegistry();
  const { document } = await makeTopology({ trunks: { bob: { port: MemoryPeers.CALLEE_PORT } } });
  topology.put(JSON.stringify(document));
  const engine = createCallEngine(
    {
      sip,
      store: createRedisCallStore(redis.value),
      gate: createRedisTrunkGate(redis.value),
      topology,
      topologyCache: new FakeTopologyCache(),
      health: new FakeTrunkHealthBoard(),
      probes: new FakeProbeExchange(),
      spool: new FakeDetailRecordSpool(),
      names: new FakeNameResolver(),
      clock: systemClock,
      telemetry: createWorkerTelemetry(new Registry(), { logger, names: new ConfiguredNames(), pool: "east" }),
      hash: (text) => createHash("sha256").update(text, "latin1").digest("hex").slice(0, 26),
      load: new FakeLoadMeter(),
      locations: noLocationSource,
      media: new FakeMediaRelay(),
      mixers: new FakeMediaMixer(),
      callbacks: new FakeCallbackBook(),
      setupClaims: new FakeSetupClaims(),
      readPidf: () => null,
      unguessable: () => "unguessable",
      noticeLog: new FakeNoticeLog(),
      noticeSpool: new FakeNoticeSpool(),
      errands: new FakeWorkerErrands(),
    },
    {
      pool: "east",
      compile: async (json) => {
        const parsed = parseTopologyDocument(json, { format: "json" });
        return parsed.ok ? ok(parsed.value.snapshot) : err(parsed.error.map(({ problem }) => problem));
      },
    },
  );
  late.app = engine;
  await engine.start();
  await sip.start();
  return engine;
}

/** Bytes in Redis of a detail record that waits, mean of all shards. */
async function bytesPerDetailRecord(redisUrl: string): Promise<number> {
  const client = new Redis(redisUrl);
  const streams = await client.keys("tandem:{c*}:details");
  const lengths = await Promise.all(streams.map((stream) => client.xlen(stream)));
  const bytes = await Promise.all(streams.map((stream) => client.memory("USAGE", stream, "SAMPLES", 0)));
  client.disconnect();
  const sum = (figures: readonly (number | null)[]): number =>
    figures.reduce<number>((all, one) => all + (one ?? 0), 0);
  return sum(bytes) / sum(lengths);
}

await using redis = await startRedisServer();
const peers = new MemoryPeers();
await startWorker(peers, redis.url);
/** The first rounds are the compiler's; on a shared machine the least of the others says most. */
const costs: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const before = process.cpuUsage();
  await peers.place(calls, atOnce);
  costs.push(process.cpuUsage(before).user / calls);
}
const steady = costs.slice(costs.length / 2).toSorted((one, other) => one - other);
const show = (cost = NaN): string => `${cost.toFixed(0)} µs`;
console.log(
  `user CPU per call: least ${show(steady[0])}, a tenth below ${show(steady[Math.floor(steady.length / 10)])}, median ${show(steady[steady.length >> 1])}; first round ${show(costs[0])}`,
);
console.log(`bytes in Redis per detail record that waits: ${(await bytesPerDetailRecord(redis.url)).toFixed(0)}`);
process.exit(0);
