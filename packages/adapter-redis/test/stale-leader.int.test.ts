import {
  createEmergencyPathBoard,
  createLeaderLease,
  createTrunkHealthBoard,
  type RedisConnection,
} from "@tandem/adapter-redis";
import type { EmergencyPath, TrunkHealth } from "@tandem/call-control";
import { until, type RedisFixture } from "@tandem/testkit";
import { valueOf } from "@tandem/testkit/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deployments } from "./deployments.ts";
import { redisHarness } from "./redis-harness.ts";

/** Longer than a pause of the machine between the writes of one who leads. */
const LEASE_MS = 1_500;

const controller = (connection: RedisConnection) => ({
  lease: createLeaderLease(connection),
  health: createTrunkHealthBoard(connection),
  paths: createEmergencyPathBoard(connection),
});

const health = (state: TrunkHealth["state"]): TrunkHealth => ({
  trunk: "x",
  state,
  sinceMs: 1,
  lastCode: 200,
  failures: 0,
  successes: 1,
  reason: "probe answered",
});

const path = (atMs: number): EmergencyPath => {
  const options = { lastTryMs: atMs, lastSuccessMs: atMs, outcome: "answered", code: 200, roundTripMs: 5 } as const;
  return { pool: "east", trunk: "sos", options, testCall: null };
};

describe.each(deployments)("a leader whose lease lapsed while it was frozen, on Redis $name", ({ start }) => {
  let fixture: RedisFixture;
  beforeAll(async () => {
    fixture = await start();
  });
  afterAll(() => fixture[Symbol.asyncDispose]());

  it("writes while it leads, and is refused from its successor's first moment on", async () => {
    await using harness = await redisHarness(fixture, controller);
    const [stale, next] = [harness.subject, harness.another()];
    const { epoch } = valueOf(await stale.lease.acquire("stale", LEASE_MS));
    valueOf(await stale.health.set(health("up"), epoch));
    valueOf(await stale.paths.set(path(1), epoch));

    let later = 0;
    await until(
      async () => {
        const answer = valueOf(await next.lease.acquire("next", 60_000));
        later = answer.epoch;
        return answer.held;
      },
      { what: "the successor's term" },
    );
    expect(later).toBeGreaterThan(epoch);
    const refused = [
      await stale.health.set(health("down"), epoch),
      await stale.health.forget("x", epoch),
      await stale.paths.set(path(2), epoch),
      await stale.paths.forget(path(2), epoch),
    ];
    for (const write of refused) expect(write).toMatchObject({ ok: false, error: { code: "lease-lost" } });
    expect(valueOf(await next.health.all())).toEqual(new Map([["x", health("up")]]));
    expect(valueOf(await next.paths.all())).toEqual([path(1)]);

    valueOf(await next.health.set(health("down"), later));
    valueOf(await next.paths.forget(path(1), later));
    expect(valueOf(await stale.health.all())).toEqual(new Map([["x", health("down")]]));
    expect(valueOf(await stale.paths.all())).toEqual([]);
  });
});
