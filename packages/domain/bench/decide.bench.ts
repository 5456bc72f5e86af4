import { writeFileSync } from "node:fs";
import { compileSnapshot, decide, type Decision, quietView, type RequestFacts, type Route } from "../src/index.ts";
import { factsFor, sampleTopology } from "../test/topology-fixture.ts";

/** Routing at 100 000 routes: time to compile the snapshot, memory it holds, decisions per second. `--json FILE` writes the figures. */
const routeCount = 100_000;
const decisions = 200_000;

function manyRoutes(): readonly Route[] {
  const national = String.raw`^\+1`;
  const base = { except: [], usages: ["out"], suppressCallerId: false } as const;
  return Array.from({ length: routeCount }, (_, at): Route => {
    const exchange = String(2_000_000 + at * 7).slice(0, 7);
    const match = at % 100 === 0 ? `${national}${exchange.slice(0, 3)}` : String.raw`${national}${exchange}\d{3}$`;
    const trunks = at % 2 === 0 ? ["a-east", "b-east"] : ["b-east", "b-west", "a-east"];
    const strategy = (["priority", "weight", "least-loaded", "hash"] as const)[at % 4] ?? "priority";
    return { ...base, name: `r${at}`, match, priority: at % 10, trunks, strategy };
  });
}

function facts(at: number): RequestFacts {
  const dialled = String(2_000_000_000 + ((at * 7919) % 700_000) * 1000 + (at % 1000));
  return factsFor(dialled, { callId: `call-${at}` });
}

function tally(kinds: Map<string, number>, decision: Decision): void {
  kinds.set(decision.kind, (kinds.get(decision.kind) ?? 0) + 1);
}

const collect = globalThis.gc ?? ((): void => undefined);
const topology = sampleTopology({ routes: manyRoutes() });
collect();
const heapBefore = process.memoryUsage().heapUsed;
const loadStart = performance.now();
const compiled = compileSnapshot(topology);
const loadMs = performance.now() - loadStart;
if (!compiled.ok) throw new Error(JSON.stringify(compiled.error.slice(0, 3)));
collect();
const heapMiB = (process.memoryUsage().heapUsed - heapBefore) / 2 ** 20;

const requests = Array.from({ length: 20_000 }, (_, at) => facts(at));
const kinds = new Map<string, number>();
const run = (count: number): number => {
  const start = process.cpuUsage();
  for (let at = 0; at < count; at += 1) {
    const request = requests[at % requests.length];
    if (request !== undefined) tally(kinds, decide(request, compiled.value, quietView));
  }
  return process.cpuUsage(start).user / 1e6;
};
run(20_000);
kinds.clear();
const seconds = run(decisions);
const perSecond = Math.round(decisions / seconds);

const figures = {
  routes: routeCount,
  loadMs: Math.round(loadMs),
  heapMiB: Math.round(heapMiB),
  decisionsPerSecond: perSecond,
};
console.log(`${routeCount} routes: loaded in ${figures.loadMs} ms, ${figures.heapMiB} MiB`);
console.log(`${perSecond} decisions per CPU second (${[...kinds].map(([kind, n]) => `${kind} ${n}`).join(", ")})`);
const jsonAt = process.argv.indexOf("--json");
const file = process.argv[jsonAt + 1];
if (jsonAt > 0 && file !== undefined) writeFileSync(file, `${JSON.stringify(figures)}\n`);
