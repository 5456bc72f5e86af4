import { createDetailRecordStream, createRedisCallStore, createRedisTrunkGate } from "@tandem/adapter-redis";
import { startRedisContainer, whyNoRedisContainer, type RedisFixture } from "@tandem/testkit";
import { describeCallStore, describeDetailRecordStream, describeTrunkGate } from "@tandem/testkit/contracts";
import { afterAll, beforeAll, describe } from "vitest";
import { redisHarness } from "./redis-harness.ts";

/**
 * The scripts on another build of Redis than the installed one. Needs a container engine and its image: on a machine without them the suite is left
 * out, and its title says why; the installed Redis runs the same contracts in contracts.int.test.ts.
 */
const missing = await whyNoRedisContainer();

describe.runIf(missing === null)(`on Redis in a container${missing === null ? "" : ` (left out: ${missing})`}`, () => {
  let fixture: RedisFixture;
  beforeAll(async () => {
    fixture = await startRedisContainer();
  });
  afterAll(() => fixture[Symbol.asyncDispose]());

  describe("call store", () => {
    describeCallStore(() => redisHarness(fixture, createRedisCallStore));
  });
  describe("trunk gate", () => {
    describeTrunkGate(() => redisHarness(fixture, createRedisTrunkGate));
  });
  describe("detail record stream", () => {
    describeDetailRecordStream(() =>
      redisHarness(fixture, (connection) => ({
        calls: createRedisCallStore(connection),
        details: createDetailRecordStream(connection),
        emergencies: createDetailRecordStream(connection, { emergency: true }),
      })),
    );
  });
});
