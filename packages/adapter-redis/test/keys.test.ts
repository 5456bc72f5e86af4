import { readFileSync } from "node:fs";
import { crc16, hashSlot } from "./hash-slot.ts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  callbackKeys,
  clusterKeys,
  DEFAULT_SHARDS,
  emergencyRecordKey,
  emergencyRecordsKey,
  gateKeys,
  noticeKeys,
  notificationKey,
  lisKeys,
  lisWorkKey,
  probeRepliesKey,
  probeRequestsKey,
  shardKeys,
  shardOf,
} from "../src/keys.ts";

const slotsOf = (keys: readonly string[]): ReadonlySet<number> => new Set(keys.map((key) => hashSlot(key)));

describe("the keys of one atomic step", () => {
  it("of a call lie in the slot of its shard", () => {
    for (let shard = 0; shard < 64; shard += 1) {
      const { callPrefix, ...keys } = shardKeys(shard);
      expect(slotsOf([`${callPrefix}anything}{at:all`, ...Object.values(keys)]).size).toBe(1);
    }
  });

  it("of a trunk lie in one slot whatever its name", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (trunk) => {
        expect(slotsOf(Object.values(gateKeys(trunk))).size).toBe(1);
      }),
    );
  });

  it("of callbacks lie in one slot", () => {
    expect(slotsOf(Object.values(callbackKeys)).size).toBe(1);
  });

  it("of notifications, and of emergency records, lie in one slot each", () => {
    expect(slotsOf([...Object.values(noticeKeys), notificationKey("a"), notificationKey("b}")]).size).toBe(1);
    expect(slotsOf([emergencyRecordsKey, emergencyRecordKey("a"), emergencyRecordKey("b}")]).size).toBe(1);
  });

  it("of the location database lie in one slot", () => {
    const work = (["collected", "copied", "retired"] as const).map((stage) => lisWorkKey(stage, "a}{b"));
    expect(slotsOf([...Object.values(lisKeys), ...work]).size).toBe(1);
  });

  it("of the cluster's knowledge lie in one slot", () => {
    expect(slotsOf([...Object.values(clusterKeys), probeRequestsKey("a}b"), probeRepliesKey("c")]).size).toBe(1);
  });
});

describe("shards", () => {
  it("do not all live on one master of three", () => {
    const slots = Array.from({ length: DEFAULT_SHARDS }, (_, shard) => hashSlot(shardKeys(shard).loads));
    expect(new Set(slots.map((slot) => Math.floor((slot * 3) / 16_384))).size).toBe(3);
  });

  it.each([
    [2, [4, 4]],
    [4, [2, 2, 2, 2]],
    [8, [0, 2, 0, 2, 0, 2, 0, 2]],
  ])("on %d masters with equal ranges of slots: %j on each", (masters, expected) => {
    const counts = Array.from({ length: masters }, () => 0);
    for (let shard = 0; shard < DEFAULT_SHARDS; shard += 1) {
      const master = Math.floor((hashSlot(shardKeys(shard).loads) * masters) / 16_384);
      counts[master] = (counts[master] ?? 0) + 1;
    }
    expect(counts).toEqual(expected);
  });

  it("are one on each of eight masters with the ranges of slots that docs/capacity.md gives", () => {
    const page = readFileSync(new URL("../../../docs/capacity.md", import.meta.url), "utf8");
    const line = /\(`CLUSTER ADDSLOTSRANGE`\): (.+)\.$/m.exec(page)?.[1] ?? "";
    const ranges = line.split(", ").map((range) => range.split("–").map(Number));
    const next = ranges.map(([, last = 0]) => last + 1);
    expect(ranges.map(([first]) => first)).toEqual([0, ...next.slice(0, -1)]);
    expect(next.at(-1)).toBe(16_384);
    const slots = Array.from({ length: DEFAULT_SHARDS }, (_, shard) => hashSlot(shardKeys(shard).loads));
    for (const [first = 0, last = 0] of ranges) {
      expect(slots.filter((slot) => slot >= first && slot <= last)).toHaveLength(1);
    }
  });

  it("share calls evenly, whatever call ids are made of", () => {
    const counts = Array.from({ length: DEFAULT_SHARDS }, () => 0);
    for (let index = 0; index < 8_000; index += 1) {
      const shard = shardOf(`call-${String(index)}`, DEFAULT_SHARDS);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
  });

  it("are in range for every id and every number of shards", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 1_024 }), (callId, shards) => {
        const shard = shardOf(callId, shards);
        expect(Number.isInteger(shard) && shard >= 0 && shard < shards).toBe(true);
      }),
    );
  });
});

describe("keys of different trunks", () => {
  it("differ, even where a name holds what the hash tag escapes", () => {
    const names = ["a}", "a%7D", "a%257D", "a"];
    expect(new Set(names.map((name) => gateKeys(name).leases)).size).toBe(names.length);
  });
});

it("slots are counted as Redis counts them: CRC16 of 123456789 is 31C3", () => {
  expect(crc16(Buffer.from("123456789"))).toBe(0x31c3);
});
