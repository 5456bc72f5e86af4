import { newCall } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import { FakeCallStore, FakeClock, settle } from "../testing/index.ts";
import { callWrite } from "./call-write.ts";
import { WithdrawnRecords } from "./withdrawn-records.ts";

function rig() {
  const store = new FakeCallStore();
  const clock = new FakeClock();
  const withdrawn = new WithdrawnRecords({ store, clock });
  const write = (callId: string, atMs = 1_000) => callWrite(newCall(callId, atMs));
  return { store, clock, withdrawn, write };
}

describe("WithdrawnRecords", () => {
  test("a record that the store has is removed, without detail records, once the store answers", async () => {
    const { store, clock, withdrawn, write } = rig();
    await store.create(write("c1"));
    store.away = true;
    withdrawn.withdraw(write("c1"));
    await clock.advance(60_000);
    store.away = false;
    await clock.advance(1_000);
    expect([store.rows.size, store.details.length]).toEqual([0, 0]);
    store.operations.length = 0;
    await clock.advance(60_000);
    expect(store.operations).toEqual([]);
  });

  test("one that the store gets afterwards is none", async () => {
    const { store, clock, withdrawn, write } = rig();
    withdrawn.withdraw(write("c1"));
    await clock.advance(1_000);
    expect(await store.create(write("c1"))).toEqual({ ok: true, value: "exists" });
    expect(store.rows.size).toBe(0);
  });

  test("another worker's record of the same INVITE stays", async () => {
    const { store, clock, withdrawn, write } = rig();
    await store.create(write("c1", 2_000));
    withdrawn.withdraw(write("c1"));
    await clock.advance(1_000);
    expect(store.rows.get("c1")).toMatchObject({ version: 1 });
  });

  test("one that another worker went on from stays, though it does so in the last moment", async () => {
    const { store, clock, withdrawn, write } = rig();
    await store.create(write("c1"));
    withdrawn.withdraw(write("c1"));
    const load = store.load.bind(store);
    store.load = async (callId) => {
      const loaded = await load(callId);
      await store.save(write("c1", 2_000), 1);
      return loaded;
    };
    await clock.advance(1_000);
    expect(store.rows.get("c1")).toMatchObject({ version: 2 });
  });

  test("nothing is tried any more once it is stopped, while the store is asked, too", async () => {
    const { store, clock, withdrawn, write } = rig();
    store.away = true;
    const held = Promise.withResolvers<void>();
    store.hold = () => held.promise;
    withdrawn.withdraw(write("c1"));
    await clock.advance(1_000);
    withdrawn.stop();
    held.resolve();
    await settle();
    store.away = false;
    await clock.advance(60_000);
    expect(store.operations).toEqual([]);
  });

  test("of very many the oldest are left to the sweep", async () => {
    const { store, clock, withdrawn, write } = rig();
    for (let n = 0; n <= 1_000; n += 1) withdrawn.withdraw(write(`c${n}`));
    await clock.advance(1_000);
    await expect.poll(() => store.over.has("c1000")).toBe(true);
    expect([store.over.has("c0"), store.over.has("c1")]).toEqual([false, true]);
  });
});
