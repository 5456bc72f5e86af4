import type { EmergencyPath, EmergencyPathBoard, EmergencyRecordBook } from "@tandem/call-control";
import { expect, it } from "vitest";
import { valueOf, type Harness } from "./harness.ts";

/** What every EmergencyRecordBook promises. */
export function describeEmergencyRecordBook(setUp: () => Promise<Harness<EmergencyRecordBook>>): void {
  it("gives records back, the newest call first, and a record put twice once", async () => {
    await using harness = await setUp();
    const book = harness.subject;
    await book.put({ callId: "c1", startMs: 1_800_000_000_001, json: '{"n":1}' });
    await harness.another().put({ callId: "c2", startMs: 1_800_000_000_002, json: '{"n":2}' });
    await book.put({ callId: "c1", startMs: 1_800_000_000_001, json: '{"n":3}' });
    expect(valueOf(await harness.another().list(10))).toEqual(['{"n":2}', '{"n":3}']);
    expect(valueOf(await book.list(1))).toEqual(['{"n":2}']);
    expect(valueOf(await book.get("c1"))).toBe('{"n":3}');
    expect(valueOf(await book.get("c9"))).toBeNull();
  });

  it("is empty at first", async () => {
    await using harness = await setUp();
    expect(valueOf(await harness.subject.list(10))).toEqual([]);
  });
}

/** What every EmergencyPathBoard promises. */
export function describeEmergencyPathBoard(setUp: () => Promise<Harness<EmergencyPathBoard>>): void {
  it("holds each path as it was set last, until it is forgotten", async () => {
    await using harness = await setUp();
    const board = harness.subject;
    await board.set(path("east", "sos", 1), 1);
    await board.set(path("west", "sos", 2), 1);
    await harness.another().set(path("east", "sos", 3), 1);
    const all = valueOf(await harness.another().all());
    expect(all.toSorted((a, b) => a.pool.localeCompare(b.pool))).toEqual([
      path("east", "sos", 3),
      path("west", "sos", 2),
    ]);
    await board.forget({ pool: "east", trunk: "sos" }, 1);
    expect(valueOf(await harness.another().all())).toEqual([path("west", "sos", 2)]);
  });
}

function path(pool: string, trunk: string, atMs: number): EmergencyPath {
  const options = { lastTryMs: atMs, lastSuccessMs: atMs, outcome: "answered", code: 200, roundTripMs: 5 } as const;
  return { pool, trunk, options, testCall: null };
}
