import { describe, expect, it } from "vitest";
import { DEFAULT_MIX } from "../survival/call-plan.ts";
import { runStorm, type StormSettings } from "../survival/storm.ts";

/** The short form of `npm run survival`. */
const SHORT: StormSettings = {
  seed: 911,
  rate: 10,
  seconds: 18,
  meanHoldMs: 5_000,
  mix: DEFAULT_MIX,
  faultEveryS: 5,
  faults: { worker: 3, edge: 0, controller: 1, redis: 0 },
  leavesOne: true,
  rolling: false,
  workers: 2,
  edges: 2,
  sippRate: 2,
  tell: () => undefined,
};

describe("a storm of calls, every third an emergency", () => {
  it("while workers and controllers are killed: no call is lost, none is doubled, every record is there, no load is left", async () => {
    const { account, faults, leftOver, sipp } = await runStorm(SHORT);
    expect(faults.length).toBeGreaterThan(1);
    expect(account.setups.lost).toEqual([]);
    expect(account.established.lost).toEqual([]);
    expect(account.byes.answered).toBe(account.byes.sent);
    expect(account.rangTwice).toBe(0);
    expect(account.orphans).toEqual([]);
    expect(account.records).toMatchObject({ missing: [], doubled: [], attemptsMissing: 0 });
    expect(leftOver).toMatchObject({ load: 0, calls: 0 });
    expect(sipp?.caller.completed).toBe(sipp?.placed);
  });
});
