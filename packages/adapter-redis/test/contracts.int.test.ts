import {
  createCallbackBook,
  createDetailRecordStream,
  createEmergencyPathBoard,
  createEmergencyRecordBook,
  createNotificationBook,
  createLeaderLease,
  createLocationDatabase,
  createMembership,
  createProbeExchange,
  createRedisCallStore,
  createRedisTrunkGate,
  createSetupClaims,
  createTopologyRegistry,
  createTrunkHealthBoard,
  type RedisConnection,
} from "@tandem/adapter-redis";
import type { RedisFixture } from "@tandem/testkit";
import {
  describeCallbackBook,
  describeCallStore,
  describeEmergencyPathBoard,
  describeEmergencyRecordBook,
  describeNotificationBook,
  describeDetailRecordStream,
  describeLeaderLease,
  describeLocationDatabase,
  describeMembership,
  describeProbeExchange,
  describeSetupClaims,
  describeTopologyRegistry,
  describeTrunkGate,
  describeTrunkHealthBoard,
  type Harness,
} from "@tandem/testkit/contracts";
import { afterAll, beforeAll, describe } from "vitest";
import { deployments } from "./deployments.ts";
import { redisHarness } from "./redis-harness.ts";

describe.each(deployments)("on Redis $name", ({ start }) => {
  let fixture: RedisFixture;
  beforeAll(async () => {
    fixture = await start();
  });
  afterAll(() => fixture[Symbol.asyncDispose]());

  const over = <Subject>(create: (connection: RedisConnection) => Subject) => {
    return (): Promise<Harness<Subject>> => redisHarness(fixture, create);
  };

  describe("call store", () => {
    describeCallStore(over(createRedisCallStore));
  });
  describe("callback book", () => {
    describeCallbackBook(over(createCallbackBook));
  });
  describe("setup claims", () => {
    describeSetupClaims(over(createSetupClaims));
  });
  describe("notification book", () => {
    describeNotificationBook(over((connection) => createNotificationBook(connection)));
  });
  describe("emergency records", () => {
    describeEmergencyRecordBook(over((connection) => createEmergencyRecordBook(connection)));
  });
  describe("emergency paths", () => {
    describeEmergencyPathBoard(over(createEmergencyPathBoard));
  });
  describe("trunk gate", () => {
    describeTrunkGate(over(createRedisTrunkGate));
  });
  describe("topology registry", () => {
    describeTopologyRegistry(over(createTopologyRegistry));
  });
  describe("trunk health board", () => {
    describeTrunkHealthBoard(over(createTrunkHealthBoard));
  });
  describe("membership", () => {
    describeMembership(over(createMembership));
  });
  describe("leader lease", () => {
    describeLeaderLease(over(createLeaderLease));
  });
  describe("location database", () => {
    describeLocationDatabase(over(createLocationDatabase));
  });
  describe("probe exchange", () => {
    describeProbeExchange(over(createProbeExchange));
  });
  describe("detail record stream", () => {
    describeDetailRecordStream(
      over((connection) => ({
        calls: createRedisCallStore(connection),
        details: createDetailRecordStream(connection),
        emergencies: createDetailRecordStream(connection, { emergency: true }),
      })),
    );
  });
});
