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
  "with Redis",
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
    totalCpu(step).toFixed(2),
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

const MARK_RATE = 400;

/** The first mark, for each arrangement: clean at 400 calls/s, and less CPU per call than the peer, Redis counted on both sides. */
function verdict(results: readonly ElementResult[]): string {
  const peer = results.find(({ element }) => !element.startsWith(OWN));
  const own = results.filter(({ element }) => element.startsWith(OWN));
  return own.flatMap((result) => [cleanAtMark(result), ...comparisons(result, peer)]).join("\n");
}

const OWN = "Tandem";

function cleanAtMark({ element, steps }: ElementResult): string {
  const at = steps.find(({ rate }) => rate === MARK_RATE);
  const outcome = at === undefined ? "not measured" : at.clean ? "yes" : "NO";
  return `${element}: clean at ${MARK_RATE} calls/s on one core: ${outcome}.`;
}

/** At every rate that both did; a rate that one of them did not do cleanly says so. */
function comparisons({ element, steps }: ElementResult, peer: ElementResult | undefined): readonly string[] {
  return steps.flatMap((step) => {
    const other = peer?.steps.find(({ rate }) => rate === step.rate);
    if (other === undefined || peer === undefined) return [];
    const ratio = (totalCpu(step) / totalCpu(other)).toFixed(2);
    const caveat = step.clean && other.clean ? "" : " (not clean on both sides)";
    return [`${element}: CPU per call with Redis at ${step.rate} calls/s: ${ratio} of ${peer.element}${caveat}.`];
  });
}

function totalCpu({ cpuMsPerCall }: StepResult): number {
  return Object.values(cpuMsPerCall).reduce((sum, ms) => sum + ms, 0);
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
