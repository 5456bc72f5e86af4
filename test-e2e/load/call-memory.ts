import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { startUac, startUas } from "../harness/sipp.ts";
import type { Element } from "./element.ts";
import type { StepSettings } from "./load-step.ts";
import { residentBytes } from "./process-figures.ts";

/** Bytes that an established call costs, by part of the element. */
export interface CallMemory {
  readonly calls: number;
  /** `redis`: Redis' own count of used memory; the other parts: resident memory. */
  readonly bytesPerCall: Readonly<Record<string, number>>;
}

const CALLS = 2_000;
const RATE = 200;
const HOLD_MS = 20_000;

/** Sets calls up, looks while all of them are up, and lets them end. */
export async function measureCallMemory(element: Element, { core, destinations }: StepSettings): Promise<CallMemory> {
  const common = { cores: core, logMessages: false, limitMs: 60_000 };
  const callees = [];
  for (const port of destinations.gateways) {
    callees.push(await startUas({ ...common, scenario: "uas-basic-expect-200", port, calls: 10 * CALLS }));
  }
  const before = await memoryByPart(element);
  const uac = await startUac({
    ...common,
    scenario: "uac-basic-expect-200",
    target: element.port,
    service: "100",
    calls: CALLS,
    rate: RATE,
    limit: CALLS + 1,
    holdMs: HOLD_MS,
  });
  await delay((CALLS / RATE) * 1_000 + 2_000);
  const after = await memoryByPart(element);
  await uac.result;
  for (const callee of callees) await callee.stop();
  const bytesPerCall = Object.fromEntries(
    Object.entries(after).map(([part, bytes]) => [part, (bytes - (before[part] ?? 0)) / CALLS]),
  );
  return { calls: CALLS, bytesPerCall };
}

async function memoryByPart(element: Element): Promise<Readonly<Record<string, number>>> {
  const resident = Object.entries(element.parts).map(([part, pids]) => [
    part,
    pids.reduce((sum, pid) => sum + residentBytes(pid), 0),
  ]);
  return { ...Object.fromEntries(resident), redis: await redisBytes(element.redis) };
}

async function redisBytes(address: string): Promise<number> {
  const redis = new Redis(`redis://${address}`);
  const info = await redis.info("memory");
  redis.disconnect();
  return Number(/used_memory:(\d+)/.exec(info)?.[1] ?? 0);
}
