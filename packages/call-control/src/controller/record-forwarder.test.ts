import { err, ok, type Failure, type Result } from "@tandem/domain";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StreamedRecord } from "../ports/index.ts";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import {
  FakeControllerObserver,
  FakeDetailRecordSink,
  FakeDetailRecordStream,
} from "../testing/fake-controller-ports.ts";
import { roundOf } from "../testing/round-of.ts";
import { repeat } from "../timing/repeat.ts";
import { RecordForwarder } from "./record-forwarder.ts";
import { SINK_LIMIT_MS } from "./sink-progress.ts";

const BATCH = 2;

function record(number: number, shard = 0): StreamedRecord {
  return { shard, streamId: `${number}-0`, id: `${shard}/${number}`, kind: "call", json: "{}" };
}

/** Takes nothing until it is told to, and then what it was given. */
class HangingSink extends FakeDetailRecordSink {
  release: (outcome?: Result<void, Failure>) => void = () => undefined;
  isHanging = true;

  override async take(records: readonly StreamedRecord[]): Promise<Result<void, Failure>> {
    const outcome = this.isHanging
      ? await new Promise<Result<void, Failure>>((resolve) => {
          this.release = (given = ok(undefined)) => resolve(given);
        })
      : ok(undefined);
    return outcome.ok ? super.take(records) : outcome;
  }
}

function world(sinks: readonly FakeDetailRecordSink[]) {
  const stream = new FakeDetailRecordStream();
  const clock = new FakeClock();
  const observer = new FakeControllerObserver();
  const records = {
    stream,
    sinks,
    what: "detail records",
    batch: BATCH,
    isReadable: () => true,
    complete: (given: readonly StreamedRecord[]) => Promise.resolve(given),
    count: observer.detailRecord,
    observer,
    clock,
  } as const;
  const forwarder = new RecordForwarder(records, () => true);
  const begin = () => forwarder.rounds.map((round) => repeat(clock, 250, round));
  return { stream, clock, observer, forwarder, begin };
}

const numbered = (count: number): readonly StreamedRecord[] =>
  Array.from({ length: count }, (_, index) => record(index + 1));

describe("a sink whose write hangs", () => {
  it("holds up no other, is told once, and goes on where it was with the write that hung", async () => {
    const [file, webhook] = [new HangingSink("file"), new FakeDetailRecordSink("webhook")];
    const { stream, clock, observer, begin } = world([file, webhook]);
    stream.owed = numbered(7);
    const ends = begin();
    await clock.advance(60_000);
    expect(webhook.taken).toEqual(stream.owed.map(({ id }) => id));
    expect(stream.owed).toHaveLength(7);
    expect(file.taken).toEqual([]);
    file.isHanging = false;
    file.release();
    await clock.advance(SINK_LIMIT_MS);
    expect(file.taken).toEqual(webhook.taken);
    expect(webhook.taken).toHaveLength(7);
    expect(stream.owed).toEqual([]);
    expect(observer.told.filter((line) => /^(error|info):/.test(line))).toEqual([
      "error: detail records are not taken",
      "info: detail records flow again",
    ]);
    expect(observer.told.filter((line) => line === "records file retried 2")).toHaveLength(1);
    await Promise.all(ends.map((end) => end()));
  });

  it("is given its records again when the write fails in the end", async () => {
    const file = new HangingSink("file");
    const { stream, clock, begin } = world([file]);
    stream.owed = numbered(1);
    const ends = begin();
    await clock.advance(2 * SINK_LIMIT_MS);
    file.isHanging = false;
    file.release(err({ code: "delivery-failed", detail: "the disk is gone" }));
    await clock.advance(SINK_LIMIT_MS);
    expect(file.taken).toEqual(["0/1"]);
    expect(stream.owed).toEqual([]);
    await Promise.all(ends.map((end) => end()));
  });

  it("holds up the end of the work no longer than the limit", async () => {
    const { stream, clock, begin } = world([new HangingSink("file")]);
    stream.owed = numbered(1);
    const ends = begin();
    await settle();
    let isOver = false;
    const over = Promise.all(ends.map((end) => end())).then(() => (isOver = true));
    await clock.advance(SINK_LIMIT_MS - 1);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await over;
  });
});

describe("records", () => {
  it("that come to stand before the place of those that are gone, as after a failover of Redis, are delivered", async () => {
    const sinks = [new FakeDetailRecordSink("file"), new FakeDetailRecordSink("webhook")];
    const { stream, forwarder } = world(sinks);
    stream.owed = [record(5)];
    await roundOf(forwarder);
    stream.owed = [record(4)];
    await roundOf(forwarder);
    for (const { taken } of sinks) expect(taken).toEqual(["0/5", "0/4"]);
  });

  it("of a shard flow while another is away that could not be told of what was taken, and nobody gets one twice", async () => {
    const file = new HangingSink("file");
    const { stream, clock, begin } = world([file, new FakeDetailRecordSink("webhook")]);
    stream.owed = [record(1, 0), record(2, 1)];
    const ends = begin();
    await clock.advance(SINK_LIMIT_MS);
    stream.shardsAway.add(1);
    file.isHanging = false;
    file.release();
    await clock.advance(SINK_LIMIT_MS);
    const others = Array.from({ length: 20 * BATCH }, (_, index) => record(index + 3, 0));
    for (const one of others) {
      stream.owed = [...stream.owed, one];
      await clock.advance(250);
    }
    await clock.advance(SINK_LIMIT_MS);
    const all = ["0/1", "1/2", ...others.map(({ id }) => id)];
    expect(file.taken).toEqual(all);
    expect(stream.owed).toEqual([record(2, 1)]);
    stream.shardsAway.clear();
    await clock.advance(SINK_LIMIT_MS);
    expect(file.taken).toEqual(all);
    expect(stream.owed).toEqual([]);
    await Promise.all(ends.map((end) => end()));
  });

  it("that cannot be acknowledged are not taken without end", async () => {
    const file = new FakeDetailRecordSink("file");
    const { stream, clock, begin } = world([file]);
    stream.owed = numbered(20 * BATCH);
    stream.keeps = true;
    const ends = begin();
    await clock.advance(60_000);
    expect(file.taken.length).toBeGreaterThanOrEqual(5 * BATCH);
    expect(file.taken.length).toBeLessThanOrEqual(6 * BATCH);
    stream.keeps = false;
    await clock.advance(60_000);
    expect(file.taken).toEqual(numbered(20 * BATCH).map(({ id }) => id));
    await Promise.all(ends.map((end) => end()));
  });

  it("that cannot be acknowledged go to nobody twice", async () => {
    const sinks = [new FakeDetailRecordSink("file"), new FakeDetailRecordSink("webhook")];
    const { stream, forwarder } = world(sinks);
    stream.owed = numbered(3);
    stream.keeps = true;
    for (let round = 0; round < 4; round += 1) await roundOf(forwarder);
    stream.keeps = false;
    for (let round = 0; round < 4; round += 1) await roundOf(forwarder);
    for (const { taken } of sinks) expect(taken).toEqual(["0/1", "0/2", "0/3"]);
    expect(stream.owed).toEqual([]);
  });

  it("come to every sink once and in order, whatever the sinks and the stream refuse meanwhile", async () => {
    const turn = fc.record({
      sink: fc.nat(2),
      away: fc.boolean(),
      keeps: fc.boolean(),
      comes: fc.nat(2),
      shard: fc.nat(1),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { maxLength: 40 }), async (turns) => {
        const sinks = ["book", "file", "webhook"].map((name) => new FakeDetailRecordSink(name));
        const { stream, forwarder } = world(sinks);
        const all: StreamedRecord[] = [];
        for (const { sink, away, keeps, comes, shard } of turns) {
          const come = Array.from({ length: comes }, (_, index) => record(all.length + index + 1, shard));
          all.push(...come);
          stream.owed = [...stream.owed, ...come];
          stream.keeps = keeps;
          sinks[sink]!.away = away;
          await forwarder.rounds[sink]!();
        }
        stream.keeps = false;
        for (const sink of sinks) sink.away = false;
        for (let round = 0; round <= all.length + 1; round += 1) await roundOf(forwarder);
        expect(stream.owed).toEqual([]);
        for (const { taken } of sinks) expect(taken).toEqual(all.map(({ id }) => id));
      }),
      { numRuns: 200 },
    );
  });
});
