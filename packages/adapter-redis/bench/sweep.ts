/** `npm run bench:sweep -w packages/adapter-redis [-- CALLS]`: what finding and ending overdue calls costs when so many are up. */
import { parseArgs } from "node:util";
import { startRedisServer } from "@tandem/testkit";
import { connectRedis, createRedisCallStore } from "../src/index.ts";

const { positionals } = parseArgs({ allowPositionals: true });
const calls = Number(positionals[0] ?? "1000000");
const OVERDUE = 20_000;
const BATCH = 64;
const PARALLEL = 500;

await using redis = await startRedisServer();
const connected = connectRedis(redis.url);
if (!connected.ok) throw new Error(connected.error.detail);
const store = createRedisCallStore(connected.value);
const document = JSON.stringify({ v: 1, filler: "x".repeat(1_500) });
const nowMs = Date.now();

/** Runs `work` for 0 … `count` - 1, many at a time; gives the seconds it took. */
async function timed(count: number, work: (index: number) => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  for (let first = 0; first < count; first += PARALLEL) {
    const some = Array.from({ length: Math.min(PARALLEL, count - first) }, (_, offset) => work(first + offset));
    await Promise.all(some);
  }
  return (performance.now() - startMs) / 1_000;
}

const callId = (index: number): string => index.toString(36).padStart(26, "0");
const report = (what: string, count: number, seconds: number): void =>
  void process.stdout.write(`${what}: ${count} in ${seconds.toFixed(1)} s, ${Math.round(count / seconds)}/s\n`);

const filled = await timed(calls, (index) => {
  const deadlineMs = index < OVERDUE ? nowMs - 1_000 : nowMs + 1_800_000;
  return store.create({ callId: callId(index), document, deadlineMs, trunks: ["core", "carrier"] });
});
report("calls made", calls, filled);

let idle = performance.now();
for (let look = 0; look < 100; look += 1) await store.claimDue(0, BATCH, 1_000);
idle = performance.now() - idle;
process.stdout.write(`a look that finds nothing due: ${(idle / 100).toFixed(2)} ms\n`);

const sweepStart = performance.now();
let swept = 0;
for (;;) {
  const due = await store.claimDue(Date.now(), BATCH, 15_000);
  if (!due.ok || due.value.length === 0) break;
  const ended = due.value.map((each) =>
    store.finish({ callId: each.callId, document: "", deadlineMs: 0, trunks: [] }, each.version, [
      { id: each.callId, kind: "call", json: "{}" },
    ]),
  );
  swept += (await Promise.all(ended)).length;
}
report("overdue calls found and ended", swept, (performance.now() - sweepStart) / 1_000);
await connected.value.close();
