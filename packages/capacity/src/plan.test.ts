import { describe, expect, test } from "vitest";
import { constantsFromBench, type MeasuredConstants } from "./constants.ts";
import type { Demand } from "./demand.ts";
import { plan } from "./plan.ts";
import { callsPerSecondOfACluster } from "./shards.ts";

const constants: MeasuredConstants = {
  edgeMsPerCall: 1,
  workerMsPerCall: 2,
  redisMsPerCall: 0.5,
  redisBytesPerCall: 3_000,
  redisBytesPerDetailRecord: 1_000,
  setupsPerWorker: 2_000,
  utilisation: 0.5,
};

const demand: Demand = {
  busyHourCalls: 360_000,
  holdS: 100,
  ringS: 10,
  answered: 0.5,
  attemptsPerCall: 1,
  peak: 1,
  pools: [{ name: "east", share: 1 }],
  gateways: [{ name: "a", share: 1 }],
  blocking: 0.01,
  recordHours: 1,
};

describe("a plan", () => {
  test("100 calls per second of 2 ms at half a core each: one worker for the load, and one to lose", () => {
    expect(plan(demand, constants).pools).toEqual([
      expect.objectContaining({ callsPerSecond: 100, workers: 2, edges: 2, boundBy: "cpu", setupsAtOnce: 1_000 }),
    ]);
  });

  test("channels are held while it rings, and while people talk if it is answered", () => {
    expect(plan(demand, constants)).toMatchObject({ erlangs: 100 * (10 + 0.5 * 100), establishedCalls: 5_000 });
  });

  test("of two equal pools each must carry all with the other one lost", () => {
    const pools = ["east", "west"].map((name) => ({ name, share: 50 }));
    const planned = plan({ ...demand, busyHourCalls: 3_600_000, ringS: 1, pools }, constants);
    expect(planned.pools).toEqual([
      expect.objectContaining({ name: "east", callsPerSecond: 500, callsPerSecondOneLost: 1_000, workers: 5 }),
      expect.objectContaining({ name: "west", callsPerSecond: 500, callsPerSecondOneLost: 1_000, workers: 5 }),
    ]);
  });

  test("calls that ring long fill a worker before its CPU is used", () => {
    const [pool] = plan({ ...demand, busyHourCalls: 720_000, ringS: 60 }, constants).pools;
    expect(pool).toMatchObject({ setupsAtOnce: 12_000, boundBy: "setups", workers: 13 });
  });

  test("a gateway's channels with the other one lost, and what those without that spare would block", () => {
    const gateways = ["a", "b"].map((name) => ({ name, share: 1 }));
    const [a] = plan({ ...demand, gateways }, constants).gateways;
    expect(a?.channelsOneLost).toBeGreaterThan(1.9 * (a?.channels ?? 0));
    expect(a?.blockingOneLost).toBeGreaterThan(0.4);
  });

  test("Redis holds the calls and an hour of detail records twice, on masters that are half idle", () => {
    const { redis } = plan(demand, constants);
    const calls = (5_000 + 1_000) * 3_000;
    expect(redis).toEqual({ bytes: 2 * (calls + 360_000 * 2 * 1_000), cores: 0.05, clusters: 1, masters: 1 });
  });

  test.each([
    ["half a core of one master", 1_000, 1, 1],
    ["a little more, and a Cluster of two masters survives none of them", 1_001, 1, 4],
    ["three masters would have three shards, three and two: less than four carry", 2_500, 1, 4],
    ["a master for each shard", 8_000, 1, 8],
    ["more than every shard on a master of its own", 8_001, 2, 8],
    ["thirteen times that", 100_000, 13, 8],
  ])("Redis for %s (%d calls/s): %d cluster(s) of %d master(s)", (_name, callsPerSecond, clusters, masters) => {
    const { redis } = plan({ ...demand, busyHourCalls: callsPerSecond * 3_600 }, constants);
    expect(redis).toMatchObject({ clusters, masters });
    expect(redis.cores / clusters / masters).toBeLessThanOrEqual(constants.utilisation);
    expect(callsPerSecondOfACluster(constants)).toBe(8_000);
  });
});

describe("constants from a bench", () => {
  const step = (rate: number, clean: boolean, worker: number) => ({
    rate,
    clean,
    cpuMsPerCall: { edge: 1.5, worker, redis: 0.2 },
  });

  test("the lowest clean rate counts", () => {
    const steps = [step(400, true, 0.9), step(200, true, 1.4), step(100, false, 3)];
    const bench = { results: [{ element: "Tandem split", steps, memory: { bytesPerCall: { redis: 3_400 } } }] };
    expect(constantsFromBench(bench, constants)).toEqual({
      ...constants,
      edgeMsPerCall: 1.5,
      workerMsPerCall: 1.4,
      redisMsPerCall: 0.2,
      redisBytesPerCall: 3_400,
    });
  });

  test("a run without the split arrangement says nothing about it", () => {
    expect(
      constantsFromBench({ results: [{ element: "Kamailio", steps: [step(200, true, 1)], memory: null }] }, constants),
    ).toBeNull();
  });
});
