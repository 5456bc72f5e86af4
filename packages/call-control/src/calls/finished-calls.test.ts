import { newCall } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import { FakeCallStore, FakeClock, FakeDetailRecordSpool, FakeTelemetry } from "../testing/index.ts";
import { callWrite } from "./call-write.ts";
import { FinishedCalls, finishOf } from "./finished-calls.ts";

function rig() {
  const store = new FakeCallStore();
  const spool = new FakeDetailRecordSpool();
  const clock = new FakeClock();
  const telemetry = new FakeTelemetry();
  const finished = new FinishedCalls({ store, spool, clock, telemetry });
  finished.start();
  const entry = (callId: string, version: number) => finishOf(newCall(callId, clock.now()), version, clock.now());
  const stored = (callId: string) => store.create(callWrite(newCall(callId, clock.now())));
  return { store, spool, clock, telemetry, finished, entry, stored };
}

describe("FinishedCalls", () => {
  test("a stored call is finished at once", async () => {
    const { store, finished, entry, stored } = rig();
    await stored("c1");
    await finished.finish(entry("c1", 1));
    expect(store.details.map(({ id }) => id)).toEqual(["c1"]);
    expect(store.rows.size).toBe(0);
  });

  test("a call refused at once has its record all the same", async () => {
    const { store, finished, entry } = rig();
    await finished.finish(entry("c1", 0));
    expect(store.details.map(({ id }) => id)).toEqual(["c1"]);
  });

  test("a save by another worker in between does not keep the call alive", async () => {
    const { store, finished, entry, stored } = rig();
    await stored("c1");
    await store.save(callWrite(newCall("c1", 0)), 1);
    await finished.finish(entry("c1", 1));
    expect(store.details.map(({ id }) => id)).toEqual(["c1"]);
    expect(store.rows.size).toBe(0);
  });

  test.each([
    ["by another worker, which has the call", null, 1, 0],
    ["by the write that had no reply", callWrite({ ...newCall("c1", 0), phase: "setup" }).document, 0, 1],
  ] as const)(
    "a set-up of which nothing was heard, and whose record moved on %s",
    async (_who, ownWrite, left, records) => {
      const { store, finished, entry, stored } = rig();
      await stored("c1");
      await store.save(callWrite({ ...newCall("c1", 0), phase: "setup" }), 1);
      await finished.finish({ ...entry("c1", 1), unheard: { ownWrite } });
      expect([store.rows.size, store.details.length, finished.pending]).toEqual([left, records, 0]);
    },
  );

  test("two workers that finish the same call leave one record", async () => {
    const { store, finished, entry, stored } = rig();
    await stored("c1");
    await Promise.all([finished.finish(entry("c1", 1)), finished.finish(entry("c1", 1))]);
    expect(store.details).toHaveLength(1);
  });

  test("a record the store lost is recorded as a call that never was stored", async () => {
    const { store, finished, entry } = rig();
    await finished.finish(entry("c1", 7));
    expect(store.details.map(({ id }) => id)).toEqual(["c1"]);
  });

  test("while the store is away entries wait in memory, then on disk, and arrive when it is back", async () => {
    const { store, spool, clock, finished, entry, stored } = rig();
    await stored("c1");
    store.away = true;
    await finished.finish(entry("c1", 1));
    expect([finished.pending, spool.entries.length]).toEqual([1, 0]);
    await clock.advance(10_000);
    expect([finished.pending, spool.entries.length]).toEqual([0, 1]);
    store.away = false;
    await clock.advance(2_000);
    expect(spool.entries).toHaveLength(0);
    expect(store.details.map(({ id }) => id)).toEqual(["c1"]);
  });

  test("what an earlier process left on disk is delivered at the start", async () => {
    const { store, spool, clock, entry } = rig();
    await spool.put(entry("old", 0));
    await clock.advance(1_000);
    expect(store.details.map(({ id }) => id)).toEqual(["old"]);
  });

  test("stopping puts what is in memory on disk", async () => {
    const { store, spool, finished, entry } = rig();
    store.away = true;
    await finished.finish(entry("c1", 0));
    await finished.stop();
    expect(spool.entries.map(({ call }) => call.callId)).toEqual(["c1"]);
  });

  test("records that neither store nor disk takes are reported", async () => {
    const { store, spool, clock, telemetry, finished, entry } = rig();
    store.away = true;
    spool.put = () => Promise.resolve({ ok: false, error: { code: "delivery-failed", detail: "ENOSPC" } });
    await finished.finish(entry("c1", 0));
    await clock.advance(10_000);
    expect(telemetry.logged).toContainEqual(expect.objectContaining({ message: "detail records lost" }));
  });
});
