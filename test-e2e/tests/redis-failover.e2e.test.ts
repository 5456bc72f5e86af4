import { startRedisCluster, startRedisSentinel, type RedisFixture } from "@tandem/testkit";
import { describe, expect, it } from "vitest";
import { DEFAULT_MIX } from "../survival/call-plan.ts";
import { PlannedTrouble } from "../survival/planned-trouble.ts";
import { runStorm, type StormSettings } from "../survival/storm.ts";

/** Calls of every kind, a third of them emergency calls; short ones are set up and ended while Redis is away, long ones outlive it. */
const CALLS: StormSettings = {
  seed: 2_600,
  rate: 8,
  seconds: 14,
  meanHoldMs: 5_000,
  mix: DEFAULT_MIX,
  faultEveryS: 0,
  faults: { worker: 0, edge: 0, controller: 0, redis: 0 },
  rolling: false,
  workers: 2,
  edges: 2,
  sippRate: 2,
  tell: () => undefined,
};
const AFTER_MS = 4_000;
/** `STORE_PATIENCE_MS` and what else a set-up takes. */
const LONGEST_SET_UP_MS = 8_000;
const LONGEST_EMERGENCY_MS = 3_000;
/** A callee's answer waits that long for the store before the caller hears it, and the record begins with the answer. */
const LONGEST_ANSWER_MS = 3_000;
const LONGEST_DELIVERY_MS = 500;
/** Caller, edge, worker and called side: what a set-up waits for when the machine pauses at each of them is not the cluster's. */
const PROCESSES_PASSED = 4;

interface Stricken {
  readonly redis: RedisFixture;
  readonly strike: () => Promise<void>;
}

const TROUBLES: readonly (readonly [what: string, start: () => Promise<Stricken>])[] = [
  [
    "the primary behind Sentinels is killed and its replica promoted",
    async () => {
      const redis = await startRedisSentinel();
      return { redis, strike: () => redis.primary.kill() };
    },
  ],
  [
    "the Cluster's master that has what the cluster knows of itself is killed and its replica promoted",
    async () => {
      const redis = await startRedisCluster({ replicas: true });
      const master = await redis.masterOf("tandem:{cluster}:leader");
      return { redis, strike: () => master.kill() };
    },
  ],
  [
    "every slot of that master, with the keys in it, moves to another one",
    async () => {
      const redis = await startRedisCluster();
      const from = await redis.masterOf("tandem:{cluster}:leader");
      const to = redis.masters.find((master) => master !== from) ?? from;
      return { redis, strike: () => redis.moveSlots(from, to) };
    },
  ],
];

describe.each(TROUBLES)("under load, %s", (_what, start) => {
  it("no call is lost, emergency or ordinary; every record is there once; no load is left", async () => {
    const { redis, strike } = await start();
    await using _redis = redis;
    const blow = { kind: "redis", target: redis.url, afterMs: AFTER_MS, strike } as const;
    const { account, faults, leftOver, sipp, longestPauseMs } = await runStorm(CALLS, {
      redisUrl: redis.url,
      disturbance: () => new PlannedTrouble(blow),
    });
    expect(faults).toHaveLength(1);
    expect(account.emergencyLost).toBe(0);
    expect(account.established.lost).toEqual([]);
    expect(account.setups.lost).toEqual([]);
    expect(account.byes.answered).toBe(account.byes.sent);
    const paused = PROCESSES_PASSED * longestPauseMs;
    // Ordinary set-ups wait for the new primary; emergency calls wait for nothing.
    expect(account.postDialDelayMs.afterFaults.max).toBeLessThan(LONGEST_SET_UP_MS + paused);
    expect(account.postDialDelayMs.emergencyAfterFaults.max).toBeLessThan(LONGEST_EMERGENCY_MS + paused);
    expect(account.rangTwice).toBe(0);
    expect(account.orphans).toEqual([]);
    expect(account.wrongSequences).toEqual([]);
    expect(account.records).toMatchObject({ missing: [], doubled: [], attemptsMissing: 0, nodeLost: 0 });
    expect(account.records.durationErrorMs.p50).toBeLessThan(LONGEST_DELIVERY_MS + paused);
    expect(account.records.durationErrorMs.max).toBeLessThan(LONGEST_ANSWER_MS + paused);
    expect(leftOver).toMatchObject({ load: 0, calls: 0, places: 0 });
    expect(sipp?.caller).toMatchObject({ completed: sipp?.placed, failed: 0 });
    expect(sipp?.callee.failed).toBe(0);
  });
});
