/**
 * CPU of one call in a fused worker: endpoint, edge, call control, machine and Redis client as they run in production, on a network in memory, so that
 * what is measured is our own code and nobody else's wake-ups. A Redis of its own runs beside.
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
  FakeDetailRecordSpool,
  FakeLoadMeter,
  FakeNameResolver,
  FakeNoticeLog,
  FakeNoticeSpool,
  FakeProbeExchange,
  FakeTopologyRegistry,
  FakeTrunkHealthBoard,
  FakeWorkerErrands,
} from "@tandem/call-control/testing";
import { err, ok } from "@tandem/domain";
import { createLogger, systemClock } from "@tandem/runtime";
import { createEndpoint } from "@tandem/sip-endpoint";
import { startRedisServer } from "@tandem/testkit";
import { parseTopologyDocument } from "@tandem/topology-document";
import { makeTopology } from "../harness/topology.ts";
import { MemoryPeers } from "./memory-peers.ts";

const calls = Number(process.argv[2] ?? 2_000);
const rounds = Number(process.argv[3] ?? 6);
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
      health: new FakeTrunkHealthBoard(),
      probes: new FakeProbeExchange(),
      spool: new FakeDetailRecordSpool(),
      names: new FakeNameResolver(),
      clock: systemClock,
      telemetry: createWorkerTelemetry(new Registry(), { logger, names: new ConfiguredNames(), pool: "east" }),
      hash: (text) => createHash("sha256").update(text, "latin1").digest("hex").slice(0, 26),
      load: new FakeLoadMeter(),
      locations: noLocationSource,
      callbacks: new FakeCallbackBook(),
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

await using redis = await startRedisServer();
const peers = new MemoryPeers();
await startWorker(peers, redis.url);
for (let round = 1; round <= rounds; round += 1) {
  const before = process.cpuUsage();
  await peers.place(calls, atOnce);
  const { user, system } = process.cpuUsage(before);
  const perCall = (microseconds: number): string => (microseconds / calls).toFixed(0).padStart(5);
  console.log(`round ${round}: user ${perCall(user)} µs per call, system ${perCall(system)}`);
}
process.exit(0);
