/**
 * What a call costs the store: CPU of this process (client, codec) and of Redis itself, per operation, at a number of calls in flight.
 * Run: node --conditions=@tandem/source packages/adapter-redis/bench/call-store.bench.ts [calls] [in flight] [bytes of a document]
 * The machine is shared; read the ratios, and compare two builds in turns.
 */
import { connectRedis, createRedisCallStore, createRedisTrunkGate } from "@tandem/adapter-redis";
import { startRedisCluster, startRedisServer } from "@tandem/testkit";
import { Redis } from "ioredis";

const calls = Number(process.argv[2] ?? 20_000);
const inFlight = Number(process.argv[3] ?? 64);
const document = JSON.stringify({ sdp: "v=0".padEnd(Number(process.argv[4] ?? 2_000), "x") });
const HOUR_MS = 3_600_000;
const detailRecord = JSON.stringify({ cdr: "y".repeat(600) });

for (const start of [startRedisServer, startRedisCluster]) {
  await using fixture = await start();
  const ports = "process" in fixture ? [fixture.process.port] : fixture.masters.map((master) => master.port);
  const servers = ports.map((port) => new Redis(port));
  const opened = connectRedis(fixture.url);
  if (!opened.ok) throw new Error(opened.error.detail);
  const connection = opened.value;
  await connection.ready(5_000);
  const store = createRedisCallStore(connection);
  const gate = createRedisTrunkGate(connection);
  const write = (id: number) => ({
    callId: `bench-call-${String(id).padStart(15, "0")}`,
    document,
    deadlineMs: Date.now() + HOUR_MS,
    trunks: ["ingress-trunk", `egress-trunk-${String(id % 7)}`],
  });
  const steps: readonly (readonly [string, (id: number) => Promise<{ readonly ok: boolean }>])[] = [
    ["create", (id) => store.create(write(id))],
    ["load", (id) => store.load(write(id).callId)],
    ["save", (id) => store.save(write(id), 1)],
    ["finish", (id) => store.finish(write(id), 2, [{ id: String(id), kind: "call", json: detailRecord }])],
    [
      "reserve",
      (id) =>
        gate.reserve({
          trunk: `egress-trunk-${String(id % 7)}`,
          callId: write(id).callId,
          maxCalls: calls,
          maxCallsPerSecond: 0,
          nowMs: Date.now(),
          untilMs: Date.now() + HOUR_MS,
        }),
    ],
  ];
  console.log(
    `${connection.kind}: ${String(calls)} calls, ${String(inFlight)} in flight, ${String(document.length)} bytes`,
  );
  await inParallel(2_000, (id) => store.create(write(calls + id)));
  const emptyBytes = await memoryOf(servers);
  for (const [name, operation] of steps) {
    const serverBefore = await cpuOf(servers);
    const before = process.cpuUsage();
    const startedMs = performance.now();
    await inParallel(calls, operation);
    const tookS = (performance.now() - startedMs) / 1_000;
    const used = process.cpuUsage(before);
    const clientUs = (used.user + used.system) / calls;
    const serverUs = ((await cpuOf(servers)) - serverBefore) / calls;
    const rate = String(Math.round(calls / tookS)).padStart(7);
    console.log(`  ${name.padEnd(8)}${rate}/s   client ${clientUs.toFixed(1)} µs   Redis ${serverUs.toFixed(1)} µs`);
    if (name === "create") {
      console.log(
        `  ${" ".repeat(8)}${(((await memoryOf(servers)) - emptyBytes) / calls).toFixed(0)} bytes in Redis per call`,
      );
    }
  }
  for (const server of servers) server.disconnect();
  await connection.close();
}

/** Runs the operation for 0…count-1, so many at a time; every one must succeed. */
async function inParallel(count: number, operation: (id: number) => Promise<{ readonly ok: boolean }>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const id = next;
      next += 1;
      const result = await operation(id);
      if (!result.ok) throw new Error(`operation ${String(id)} failed`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

/** CPU time of the servers in µs. */
async function cpuOf(servers: readonly Redis[]): Promise<number> {
  return sumOf(servers, "cpu", /used_cpu_(?:sys|user):([\d.]+)/g, 1e6);
}

async function memoryOf(servers: readonly Redis[]): Promise<number> {
  return sumOf(servers, "memory", /used_memory_dataset:(\d+)/g, 1);
}

async function sumOf(servers: readonly Redis[], section: string, figure: RegExp, scale: number): Promise<number> {
  let sum = 0;
  for (const server of servers) {
    const text = await server.info(section);
    for (const [, value] of text.matchAll(figure)) sum += Number(value) * scale;
  }
  return sum;
}
