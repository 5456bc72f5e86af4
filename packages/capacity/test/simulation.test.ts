import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  blockingOf,
  callsPerSecondOfACluster,
  plan,
  seededRandom,
  simulateBlocking,
  simulateProcesses,
  type Demand,
} from "../src/index.ts";
import { constants } from "./constants-fixture.ts";

/** These compute for seconds, and a busy machine takes several times as long. */
const SLOW_MACHINE_MS = 120_000;

describe("simulated channels against Erlang's formula", { timeout: SLOW_MACHINE_MS }, () => {
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

/** What chance may put on one process on top of the planned share of a core, before the plan counts as wrong. */
const HEADROOM = 0.05;
const MOST_BUSY = constants.utilisation + HEADROOM;

const demandOf = (callsPerSecond: number, pools: number): Demand => ({
  busyHourCalls: callsPerSecond * 3_600,
  holdS: 2,
  ringS: 0.5,
  answered: 0.7,
  attemptsPerCall: 1.1,
  peak: 1,
  pools: Array.from({ length: pools }, (_, index) => ({ name: `pool-${index + 1}`, share: 1 })),
  gateways: Array.from({ length: 50 }, (_, index) => ({ name: `gateway-${index + 1}`, share: 1 })),
  blocking: 0.01,
  recordHours: 1,
});
const times = { ringS: 0.5, holdS: 2, seconds: 4 } as const;

describe("simulated processes against the plan", { timeout: SLOW_MACHINE_MS }, () => {
  test.each([
    [200, 2],
    [2_000, 4],
    [20_000, 10],
    [100_000, 20],
  ])(
    "%d calls per second over %d pools: no worker and no edge is busier than planned, and calls hardly wait for one",
    (callsPerSecond, pools) => {
      for (const [index, pool] of plan(demandOf(callsPerSecond, pools), constants).pools.entries()) {
        const load = { ...times, callsPerSecond: pool.callsPerSecond, end: "any" } as const;
        const workers = { processes: pool.workers, msPerCall: constants.workerMsPerCall };
        const edges = { processes: pool.edges, msPerCall: constants.edgeMsPerCall };
        for (const group of [workers, edges]) {
          const usual = simulateProcesses({ ...load, ...group }, seededRandom(index));
          expect(usual.busiest).toBeLessThan(MOST_BUSY);
          expect(usual.waitMsP999).toBeLessThan(5);
        }
      }
    },
  );

  const [pool] = plan(demandOf(100_000, 20), constants).pools;
  const oneLost = { ...times, callsPerSecond: pool!.callsPerSecondOneLost, end: "any" } as const;

  test("with another pool and one process gone the planned workers and edges still carry it", () => {
    const workers = { processes: pool!.workers - 1, msPerCall: constants.workerMsPerCall };
    const edges = { processes: pool!.edges - 1, msPerCall: constants.edgeMsPerCall };
    for (const group of [workers, edges]) {
      const worst = simulateProcesses({ ...oneLost, ...group }, seededRandom(7));
      expect(worst.busiest).toBeLessThan(MOST_BUSY);
      expect(worst.waitMsP999).toBeLessThan(10);
    }
  });

  test("a pool with too few workers is seen: a fifth fewer are busier than planned", () => {
    const processes = Math.floor((pool!.workers - 1) * 0.8);
    const worst = simulateProcesses({ ...oneLost, processes, msPerCall: constants.workerMsPerCall }, seededRandom(7));
    expect(worst.busiest).toBeGreaterThan(MOST_BUSY);
  });
});

describe("simulated masters of Redis against the plan", { timeout: SLOW_MACHINE_MS }, () => {
  const masters = { ...times, seconds: 2, msPerCall: constants.redisMsPerCall, end: "same" } as const;

  test.each([
    [200, 1],
    [3_000, 1],
    [16_000, 1],
    [100_000, 7],
  ])("%d calls per second: no master of the %d cluster(s) is busier than planned", (callsPerSecond, clusters) => {
    const { redis } = plan(demandOf(callsPerSecond, 20), constants);
    expect(redis.clusters).toBe(clusters);
    const processes = redis.clusters * redis.masters;
    const { busiest, waitMsP999 } = simulateProcesses({ ...masters, processes, callsPerSecond }, seededRandom(11));
    expect(busiest).toBeLessThan(MOST_BUSY);
    expect(waitMsP999).toBeLessThan(5);
  });

  test("100 000 calls per second on the eight masters of one cluster: each would need more than three cores", () => {
    const whole = simulateProcesses({ ...masters, processes: 8, callsPerSecond: 100_000 }, seededRandom(12));
    expect(whole.busiest).toBeGreaterThan(3);
    expect(callsPerSecondOfACluster(constants)).toBeLessThan(100_000 / 6);
  });
});

describe("simulated channels against the plan", { timeout: SLOW_MACHINE_MS }, () => {
  test("each of 50 gateways blocks what was asked for at 100 000 calls per second, with one gateway gone too", () => {
    const [gateway] = plan(demandOf(100_000, 20), constants).gateways;
    const calls = 300_000;
    const usual = simulateBlocking({ erlangs: gateway!.erlangs, channels: gateway!.channels, calls }, seededRandom(3));
    expect(usual).toBeGreaterThan(0.002);
    expect(usual).toBeLessThan(0.02);
    const erlangs = gateway!.erlangs * (50 / 49);
    const lost = simulateBlocking({ erlangs, channels: gateway!.channelsOneLost, calls }, seededRandom(4));
    expect(lost).toBeLessThan(0.02);
  });
});
