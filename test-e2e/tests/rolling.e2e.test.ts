import { describe, expect, it } from "vitest";
import { DEFAULT_MIX } from "../survival/call-plan.ts";
import { runStorm, type StormSettings } from "../survival/storm.ts";

/** `npm run survival -- --rolling` at a rate that any machine carries. */
const ROLLING: StormSettings = {
  seed: 7,
  rate: 20,
  seconds: 40,
  meanHoldMs: 5_000,
  mix: DEFAULT_MIX,
  faultEveryS: 0,
  faults: { worker: 0, edge: 0, controller: 0, redis: 0 },
  rolling: true,
  workers: 2,
  edges: 2,
  sippRate: 0,
  tell: () => undefined,
};

describe("every worker and every edge replaced, one after the other, under calls", () => {
  it("no call is lost or refused, none is doubled, every record is there, no load is left", async () => {
    const { account, faults, leftOver } = await runStorm(ROLLING);
    expect(faults.map(({ kind }) => kind)).toEqual(["worker", "worker", "edge", "edge"]);
    expect(account.setups.lost).toEqual([]);
    expect(account.established.lost).toEqual([]);
    expect(account.byes.answered).toBe(account.byes.sent);
    expect(account.rangTwice).toBe(0);
    expect(account.orphans).toEqual([]);
    expect(account.wrongSequences).toEqual([]);
    expect(account.records).toMatchObject({ missing: [], doubled: [], attemptsMissing: 0, nodeLost: 0 });
    expect(leftOver).toMatchObject({ load: 0, calls: 0 });
  }, 180_000);
});
