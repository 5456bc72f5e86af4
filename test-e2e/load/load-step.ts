import { startUac, startUas, type SippOptions, type SippResult, type SippRun } from "../harness/sipp.ts";
import type { Delays, DelayProbe } from "./delay-probe.ts";
import type { Destinations, Element } from "./element.ts";
import { cpuMs } from "./process-figures.ts";

/** Long enough for the compiler of the JavaScript engine to have seen every path often: the first thousands of calls cost twice what the others do. */
export const WARM_UP = { rate: 300, seconds: 20 };

export interface StepSettings {
  /** New calls per second. */
  readonly rate: number;
  readonly seconds: number;
  /** Core of SIPp. */
  readonly core: string;
  readonly destinations: Destinations;
}

/** What one element did at one rate. */
export interface StepResult {
  readonly rate: number;
  readonly completed: number;
  readonly failed: number;
  /** By SIPp on both sides. */
  readonly retransmissions: number;
  /** CPU milliseconds per completed call, by part of the element. */
  readonly cpuMsPerCall: Readonly<Record<string, number>>;
  readonly addedDelayMs: Delays;
  /** Less than 0.1 % failed and less than 1 % retransmitted. */
  readonly clean: boolean;
}

/** Calls of a second each, length of a call. */
const HOLD_MS = 1_000;
const PROBES_PER_SECOND = 20;

/** Runs one rate against an element and measures it from the first call to the last. */
export async function runStep(element: Element, probe: DelayProbe, settings: StepSettings): Promise<StepResult> {
  const { rate, seconds, core, destinations } = settings;
  const calls = rate * seconds;
  const common = { cores: core, logMessages: false, limitMs: (seconds + 25) * 1_000 };
  const callees = await startCallees(destinations, calls, common);
  const before = cpuByPart(element);
  const uac = await startUac({
    ...common,
    scenario: "uac-basic-expect-200",
    target: element.port,
    service: "100",
    calls,
    rate,
    limit: 4 * rate + 100,
    holdMs: HOLD_MS,
  });
  const addedDelayMs = await probe.run({ port: element.port, rate: PROBES_PER_SECOND, seconds });
  const caller = await uac.result;
  const after = cpuByPart(element);
  const called: SippResult[] = [];
  for (const callee of callees) called.push(await callee.stop());
  const done = Math.max(1, caller.completed + addedDelayMs.calls - addedDelayMs.lost);
  const retransmissions = [caller, ...called].reduce((sum, result) => sum + result.retransmissions, 0);
  // A caller that SIPp gave up on at the end of its time is in neither counter.
  const failed = calls - caller.completed;
  return {
    rate,
    completed: caller.completed,
    failed,
    retransmissions,
    cpuMsPerCall: Object.fromEntries(
      Object.entries(after).map(([part, ms]) => [part, (ms - (before[part] ?? 0)) / done]),
    ),
    addedDelayMs,
    clean: failed <= calls * 0.001 && retransmissions <= calls * 0.01,
  };
}

/** A SIPp on each gateway's port, for more than the calls that come. */
export async function startCallees(
  { gateways }: Destinations,
  calls: number,
  common: Pick<SippOptions, "cores" | "logMessages" | "limitMs">,
): Promise<readonly SippRun[]> {
  const callees = [];
  for (const port of gateways) {
    callees.push(await startUas({ ...common, scenario: "uas-basic-expect-200", port, calls: 10 * calls + 10 }));
  }
  return callees;
}

/** CPU milliseconds since their start, by part of the element. */
export function cpuByPart(element: Element): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(element.parts).map(([part, pids]) => [part, pids.reduce((sum, pid) => sum + cpuMs(pid), 0)]),
  );
}
