import type { CallStore, DetailRecordStream, StreamedRecord } from "@tandem/call-control";
import { expect, it } from "vitest";
import { write } from "./call-write.ts";
import { valueOf, type Harness } from "./harness.ts";

/** A store and the stream its finished calls come out of. */
export interface FinishedCalls {
  readonly calls: CallStore;
  readonly details: DetailRecordStream;
  readonly emergencies: DetailRecordStream;
}

/** What every DetailRecordStream promises. */
export function describeDetailRecordStream(setUp: () => Promise<Harness<FinishedCalls>>): void {
  it("holds the records of a finished call once, in their order", async () => {
    await using harness = await setUp();
    const { calls, details } = harness.subject;
    await calls.create(write({ callId: "a" }));
    const records = [
      { id: "a-1", kind: "attempt", json: '{"n":1}' },
      { id: "a-2", kind: "attempt", json: '{"n":2,"t":"é\\n"}' },
      { id: "a", kind: "call", json: '{"n":3}' },
    ] as const;
    await calls.finish(write({ callId: "a" }), 1, records);
    await calls.finish(write({ callId: "a" }), 1, records);
    const read = valueOf(await harness.another().details.read(100));
    expect(read.map(({ id, kind, json }) => ({ id, kind, json }))).toEqual(records);
    expect(valueOf(await details.backlog())).toBe(3);
  });

  it("holds emergency records apart from the others", async () => {
    await using harness = await setUp();
    const { calls, details, emergencies } = harness.subject;
    await calls.create(write({ callId: "a" }));
    await calls.finish(write({ callId: "a" }), 1, [
      { id: "a", kind: "call", json: "{}" },
      { id: "a-emergency", kind: "emergency", json: '{"e":1}' },
    ]);
    expect(valueOf(await details.read(100))).toMatchObject([{ id: "a", kind: "call" }]);
    const apart = valueOf(await emergencies.read(100));
    expect(apart).toMatchObject([{ id: "a-emergency", kind: "emergency", json: '{"e":1}' }]);
    await emergencies.acknowledge(apart);
    expect(valueOf(await emergencies.backlog())).toBe(0);
    expect(valueOf(await details.backlog())).toBe(1);
  });

  it("has nothing from a finish that lost", async () => {
    await using harness = await setUp();
    const { calls, details } = harness.subject;
    await calls.create(write({ callId: "a" }));
    await calls.finish(write({ callId: "a" }), 9, [{ id: "a", kind: "call", json: "{}" }]);
    expect(valueOf(await details.read(100))).toEqual([]);
  });

  it("holds the records of a call that was never stored", async () => {
    await using harness = await setUp();
    await harness.subject.calls.finish(write({ callId: "a" }), 0, [{ id: "a", kind: "call", json: "{}" }]);
    expect(valueOf(await harness.subject.details.read(100))).toMatchObject([{ id: "a" }]);
  });

  it("gives unacknowledged records again, to a successor too, and acknowledged ones never", async () => {
    await using harness = await setUp();
    await finishCalls(harness.subject.calls, 12);
    const first = valueOf(await harness.subject.details.read(100));
    expect(first).toHaveLength(12);
    expect(valueOf(await harness.another().details.read(100))).toEqual(first);
    await harness.subject.details.acknowledge(first.slice(0, 5));
    expect(valueOf(await harness.another().details.read(100))).toEqual(first.slice(5));
    expect(valueOf(await harness.subject.details.backlog())).toBe(7);
    await harness.another().details.acknowledge(first);
    expect(valueOf(await harness.subject.details.read(100))).toEqual([]);
    expect(valueOf(await harness.subject.details.backlog())).toBe(0);
  });

  it("keeps what was set aside apart, once, whoever did it", async () => {
    await using harness = await setUp();
    const { calls, details, emergencies } = harness.subject;
    await finishCalls(calls, 3);
    const [first, ...others] = valueOf(await details.read(100));
    valueOf(await details.setAside([first!]));
    valueOf(await harness.another().details.setAside([first!]));
    expect(valueOf(await harness.another().details.read(100))).toEqual(others);
    expect(valueOf(await details.backlog())).toBe(2);
    expect(valueOf(await details.aside())).toBe(1);
    expect(valueOf(await emergencies.aside())).toBe(0);
  });

  it("is read on from where a reader is in each shard, whatever is acknowledged meanwhile", async () => {
    await using harness = await setUp();
    const { calls, details } = harness.subject;
    const ids = await finishCalls(calls, 30);
    const places = new Map<number, string>();
    const seen: string[] = [];
    let piece: readonly StreamedRecord[];
    do {
      piece = valueOf(await details.read(8, places));
      for (const { id, shard, streamId } of piece) {
        seen.push(id);
        places.set(shard, streamId);
      }
      valueOf(await details.acknowledge(piece.slice(0, 1)));
    } while (piece.length > 0);
    expect(seen.toSorted()).toEqual([...ids].toSorted());
    await calls.finish(write({ callId: "late" }), 0, [{ id: "late", kind: "call", json: "{}" }]);
    expect(valueOf(await details.read(100, places))).toMatchObject([{ id: "late" }]);
  });

  it("is read in bounded pieces until it is empty", async () => {
    await using harness = await setUp();
    const { calls, details } = harness.subject;
    const ids = await finishCalls(calls, 50);
    const seen: string[] = [];
    let piece: readonly StreamedRecord[];
    do {
      piece = valueOf(await details.read(8));
      expect(piece.length).toBeLessThanOrEqual(8);
      await details.acknowledge(piece);
      seen.push(...piece.map(({ id }) => id));
    } while (piece.length > 0);
    expect(seen.sort()).toEqual([...ids].sort());
  });
}

async function finishCalls(calls: CallStore, count: number): Promise<readonly string[]> {
  const callIds = Array.from({ length: count }, (_, index) => `call-${String(index)}`);
  for (const callId of callIds) {
    await calls.create(write({ callId }));
    await calls.finish(write({ callId }), 1, [{ id: callId, kind: "call", json: "{}" }]);
  }
  return callIds;
}
