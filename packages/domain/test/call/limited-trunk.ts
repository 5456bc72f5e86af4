import type { AttemptPlan } from "../../src/index.ts";

export const limited: Partial<AttemptPlan> = { maxCalls: 10, maxCallsPerSecond: 2 };
