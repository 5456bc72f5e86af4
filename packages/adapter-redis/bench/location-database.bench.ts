/**
 * A lookup among a million subnets: how long it takes, alone and many at a time, and what the rows cost.
 * Run: node --conditions=@tandem/source packages/adapter-redis/bench/location-database.bench.ts [rows] [lookups]
 * The machine is shared; read the percentiles, and compare two builds in turns.
 */
import { randomUUID } from "node:crypto";
import { connectRedis, createLocationDatabase } from "@tandem/adapter-redis";
import { MAX_LIS_BATCH } from "@tandem/call-control";
import { lisCandidates, lisKey, type LisRow } from "@tandem/domain";
import { startRedisCluster, startRedisServer } from "@tandem/testkit";
import { Redis } from "ioredis";

const rows = Number(process.argv[2] ?? 1_000_000);
const lookups = Number(process.argv[3] ?? 20_000);

for (const start of [startRedisServer, startRedisCluster]) {
  await using fixture = await start();
  const ports = "process" in fixture ? [fixture.process.port] : fixture.masters.map((master) => master.port);
  const servers = ports.map((port) => new Redis(port));
  const opened = connectRedis(fixture.url);
  if (!opened.ok) throw new Error(opened.error.detail);
  const connection = opened.value;
  await connection.ready(5_000);
  const database = createLocationDatabase(connection);
  const emptyBytes = await memoryOf(servers);

  const replacement = database.replacement(randomUUID());
  let startedMs = performance.now();
  for (let at = 0; at < rows; at += MAX_LIS_BATCH) {
    must(
      await replacement.add(
        Array.from({ length: Math.min(MAX_LIS_BATCH, rows - at) }, (_, index) => rowOf(at + index)),
      ),
    );
  }
  must(await replacement.commit());
  const loadS = (performance.now() - startedMs) / 1_000;
  const bytes = ((await memoryOf(servers)) - emptyBytes) / rows;
  startedMs = performance.now();
  must(await database.publish({ revision: 1, author: "bench", atMs: 0, token: randomUUID() }));
  const publishS = (performance.now() - startedMs) / 1_000;
  console.log(
    `${connection.kind}: ${String(rows)} subnets, ${bytes.toFixed(0)} bytes a row; read in ${loadS.toFixed(1)} s, published in ${publishS.toFixed(1)} s`,
  );
  for (const [name, address] of [
    ["in the last subnet (/28 of 33 prefixes)", addressOf],
    ["in none", (index: number) => `192.0.2.${String(index % 250)}`],
    ["IPv6, in none (129 prefixes)", (index: number) => `2001:db8::${(index % 9_999).toString(16)}`],
  ] as const) {
    for (const lanes of [1, 32]) {
      const { p50, p99 } = await measured(lanes, (index) =>
        database.find(lisCandidates({ address: address(index) }), "published"),
      );
      console.log(
        `  ${name}, ${String(lanes).padStart(2)} at a time: median ${p50.toFixed(3)} ms, 99 % ${p99.toFixed(3)} ms`,
      );
    }
  }
  for (const server of servers) server.disconnect();
  await connection.close();
}

/** Subnets of 16 addresses from 10.0.0.0 on. */
function addressOf(index: number): string {
  const value = 0x0a000000 + (index % rows) * 16 + 5;
  return [24, 16, 8, 0].map((shift) => String((value >>> shift) & 255)).join(".");
}

function rowOf(index: number): LisRow {
  const key = lisKey("subnet", `${addressOf(index).replace(/\d+$/, (last) => String(Number(last) - 5))}/28`);
  if (key === null) throw new TypeError("no subnet");
  const civic = {
    country: "US",
    a1: "NY",
    a3: "Albany",
    rd: "Main",
    sts: "St",
    hno: String(index),
    flr: String(index % 9),
    pc: "12207",
  };
  return { key, civic, erl: `erl-${String(index % 5_000)}`, elins: [], description: "" };
}

/** Milliseconds a lookup takes, so many under way at once. */
async function measured(lanes: number, find: (index: number) => Promise<{ readonly ok: boolean }>) {
  const times: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < lookups) {
      const index = (next++ * 7_919) % rows;
      const startedMs = performance.now();
      must(await find(index));
      times.push(performance.now() - startedMs);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const sorted = times.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}

async function memoryOf(servers: readonly Redis[]): Promise<number> {
  const infos = await Promise.all(servers.map((server) => server.info("memory")));
  return infos.reduce((sum, info) => sum + Number(/used_memory:(\d+)/.exec(info)?.[1] ?? 0), 0);
}

function must(result: { readonly ok: boolean }): void {
  if (!result.ok) throw new Error(JSON.stringify(result));
}
