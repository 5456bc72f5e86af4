import { ok } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import { FakeCallStore, FakeClock } from "../testing/index.ts";
import { GuardedCallStore } from "./guarded-store.ts";

function rig() {
  const store = new FakeCallStore();
  const clock = new FakeClock();
  let reached = 0;
  store.hold = () => Promise.resolve(void (reached += 1));
  return { store, clock, guarded: new GuardedCallStore(store, clock), reached: () => reached };
}

describe("GuardedCallStore", () => {
  test("a working store is asked every time", async () => {
    const { guarded, reached } = rig();
    await guarded.load("a");
    await guarded.load("b");
    expect([reached(), guarded.paused]).toEqual([2, false]);
  });

  test("after a failure operations fail at once for half a second", async () => {
    const { store, guarded, reached } = rig();
    store.away = true;
    await guarded.load("a");
    expect(guarded.paused).toBe(true);
    expect(await guarded.load("b")).toMatchObject({ ok: false, error: { code: "store-unavailable" } });
    expect(reached()).toBe(1);
  });

  test("then one operation tries, and success opens the way for all", async () => {
    const { store, clock, guarded, reached } = rig();
    store.away = true;
    await guarded.count();
    store.away = false;
    await clock.advance(500);
    const both = await Promise.all([guarded.load("b"), guarded.load("c")]);
    expect(both).toMatchObject([{ ok: true }, { ok: false }]);
    expect((await guarded.load("d")).ok).toBe(true);
    expect(reached()).toBe(3);
  });

  test("it is gone when it stayed away for longer than anybody waits, not before, and back with one answer", async () => {
    const { store, clock, guarded } = rig();
    store.away = true;
    await guarded.load("a");
    await clock.advance(4_000);
    await guarded.load("b");
    expect(guarded.gone).toBe(false);
    await clock.advance(2_000);
    expect(guarded.gone).toBe(true);
    store.away = false;
    await guarded.load("c");
    expect(guarded.gone).toBe(false);
  });

  test("whoever waits need not wait on when it is back", async () => {
    const { store, clock, guarded } = rig();
    store.away = true;
    await guarded.load("a");
    await clock.advance(200);
    store.away = false;
    await clock.advance(100);
    expect(guarded.paused).toBe(false);
    expect((await guarded.load("b")).ok).toBe(true);
  });

  test("it is asked about the call that could not be served, and for no longer than it is away", async () => {
    const { store, clock, guarded } = rig();
    store.away = true;
    await guarded.save({ callId: "a", document: "", deadlineMs: 0, trunks: [] }, 1);
    const asked: string[] = [];
    const load = store.load.bind(store);
    store.load = (callId) => {
      asked.push(callId);
      return load(callId);
    };
    await clock.advance(300);
    expect(asked).toEqual(["a", "a", "a"]);
    store.away = false;
    await clock.advance(100);
    await guarded.load("b");
    await clock.advance(1_000);
    expect(asked).toEqual(["a", "a", "a", "a", "b"]);
  });

  test("a store that answers and takes nothing is as away as before", async () => {
    const { store, clock, guarded } = rig();
    store.away = true;
    await guarded.load("a");
    store.load = () => Promise.resolve(ok(null));
    await clock.advance(6_000);
    expect(guarded.gone).toBe(true);
  });
});
