import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blockingOf, plan, seededRandom, simulateBlocking, simulateWorkers, type Demand } from "../src/index.ts";
import { constants } from "./constants-fixture.ts";

describe("simulated channels against Erlang's formula", () => {
  test("what is lost in a simulated day is what the formula says", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 5, max: 120 }),
        fc.integer({ min: -15, max: 15 }),
        (seed, erlangs, more) => {
          const channels = Math.max(1, erlangs + more);
          const calls = 120_000;
          const simulated = simulateBlocking({ erlangs, channels, calls }, seededRandom(seed));
          const expected = blockingOf(erlangs, channels);
          // Losses come in bursts as long as a holding time: the spread is that of fewer, longer trials.
          const spread = Math.sqrt((expected * (1 - expected) * (2 * erlangs + 10)) / calls);
          expect(Math.abs(simulated - expected)).toBeLessThan(4 * spread + 0.002);
        },
      ),
      { numRuns: 25 },
    );
  });
});

const demand: Demand = {
  busyHourCalls: 100_000 * 3_600,
  holdS: 2,
  ringS: 0.5,
  answered: 0.7,
  attemptsPerCall: 1.1,
  peak: 1,
  pools: Array.from({ length: 20 }, (_, index) => ({ name: `pool-${index + 1}`, share: 1 })),
  gateways: Array.from({ length: 50 }, (_, index) => ({ name: `gateway-${index + 1}`, share: 1 })),
  blocking: 0.01,
  recordHours: 1,
};

describe("100 000 calls per second", () => {
  const planned = plan(demand, constants);

  test("no planned worker is busier than planned, and calls hardly wait for one", () => {
    for (const [index, pool] of planned.pools.slice(0, 4).entries()) {
      const load = { workers: pool.workers, msPerCall: constants.workerMsPerCall, seconds: 10 };
      const usual = simulateWorkers({ ...load, callsPerSecond: pool.callsPerSecond }, seededRandom(index));
      expect(usual.busiest).toBeLessThan(constants.utilisation);
      expect(usual.waitMsP999).toBeLessThan(5);
    }
  });

  test("with another pool and one worker gone the planned workers still carry it", () => {
    const [pool] = planned.pools;
    const load = { workers: pool!.workers, lost: 1, msPerCall: constants.workerMsPerCall, seconds: 10 };
    const worst = simulateWorkers({ ...load, callsPerSecond: pool!.callsPerSecondOneLost }, seededRandom(7));
    expect(worst.busiest).toBeLessThan(constants.utilisation + 0.02);
    expect(worst.waitMsP999).toBeLessThan(10);
  });

  test("all pools together, ten million events: none is overloaded", () => {
    const workers = planned.pools.reduce((sum, pool) => sum + pool.workers, 0);
    const whole = simulateWorkers(
      { workers, callsPerSecond: planned.callsPerSecond, msPerCall: constants.workerMsPerCall, seconds: 12 },
      seededRandom(1),
    );
    expect(whole.busiest).toBeLessThan(constants.utilisation);
  });

  test("each gateway blocks what was asked for, with one gateway gone too", () => {
    const [gateway] = planned.gateways;
    const calls = 300_000;
    const usual = simulateBlocking({ erlangs: gateway!.erlangs, channels: gateway!.channels, calls }, seededRandom(3));
    expect(usual).toBeGreaterThan(0.002);
    expect(usual).toBeLessThan(0.02);
    const erlangs = gateway!.erlangs * (50 / 49);
    const lost = simulateBlocking({ erlangs, channels: gateway!.channelsOneLost, calls }, seededRandom(4));
    expect(lost).toBeLessThan(0.02);
  });
});
