import type { CallMemory } from "./call-memory.ts";
import type { StepResult } from "./load-step.ts";

/** Everything measured of one element. */
export interface ElementResult {
  readonly element: string;
  readonly steps: readonly StepResult[];
  readonly memory: CallMemory | null;
}

/** A bench run, as `--json` writes it. */
export interface BenchResult {
  readonly startedAt: string;
  readonly seconds: number;
  readonly results: readonly ElementResult[];
}

const HEADER = [
  "element",
  "calls/s",
  "completed",
  "failed",
  "retrans",
  "clean",
  "CPU ms/call",
  "Redis ms/call",
  "added p50",
  "added p99",
];

/** The tables for people. */
export function formatReport({ results }: BenchResult): string {
  const rows = results.flatMap(({ element, steps }) => steps.map((step) => stepRow(element, step)));
  const parts = results.flatMap(({ element, steps }) => steps.flatMap((step) => partRows(element, step)));
  const memory = results.flatMap((result) => memoryRows(result));
  return [
    "Calls of 1 s over UDP, the element on one core, SIPp on another. CPU without Redis; delays in ms, INVITE to ringing.",
    table([HEADER, ...rows]),
    "CPU ms per call by process",
    table([["element", "calls/s", "process", "ms/call"], ...parts]),
    "Memory of an established call",
    table([["element", "part", "bytes/call"], ...memory]),
    verdict(results),
  ].join("\n\n");
}

function stepRow(element: string, step: StepResult): readonly string[] {
  const { redis = 0 } = step.cpuMsPerCall;
  return [
    element,
    String(step.rate),
    String(step.completed),
    String(step.failed),
    String(step.retransmissions),
    step.clean ? "yes" : "no",
    ownCpu(step).toFixed(2),
    redis.toFixed(2),
    step.addedDelayMs.p50.toFixed(1),
    step.addedDelayMs.p99.toFixed(1),
  ];
}

/** CPU of everything but Redis. */
function ownCpu({ cpuMsPerCall }: StepResult): number {
  return Object.entries(cpuMsPerCall).reduce((sum, [part, ms]) => (part === "redis" ? sum : sum + ms), 0);
}

function partRows(element: string, { rate, cpuMsPerCall }: StepResult): readonly (readonly string[])[] {
  return Object.entries(cpuMsPerCall).map(([part, ms]) => [element, String(rate), part, ms.toFixed(3)]);
}

function memoryRows({ element, memory }: ElementResult): readonly (readonly string[])[] {
  return Object.entries(memory?.bytesPerCall ?? {}).map(([part, bytes]) => [
    element,
    part,
    Math.round(bytes).toString(),
  ]);
}

/** The first mark: clean at 400 calls/s, and less CPU per call than the peer at the highest rate both did cleanly. */
function verdict(results: readonly ElementResult[]): string {
  const [own, peer] = results;
  const at400 = own?.steps.find(({ rate }) => rate === 400);
  const lines = [
    `Clean at 400 calls/s on one core: ${at400 === undefined ? "not measured" : at400.clean ? "yes" : "NO"}.`,
  ];
  const shared = own?.steps.filter(
    ({ rate, clean }) => clean && peer?.steps.some((step) => step.rate === rate && step.clean),
  );
  const best = shared?.at(-1);
  const other = peer?.steps.find(({ rate }) => rate === best?.rate);
  if (best !== undefined && other !== undefined) {
    const ratio = ownCpu(best) / ownCpu(other);
    lines.push(`CPU per call at ${best.rate} calls/s: ${ratio.toFixed(2)} of ${peer?.element ?? "the peer"}.`);
  }
  return lines.join("\n");
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
