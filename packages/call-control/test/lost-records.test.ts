import { describe, expect, test } from "vitest";
import { answerTo, arriving, FakeWorld, last, settle, type FakeWorker } from "../src/testing/index.ts";
import { answers, details, inDialog, invite, ours } from "./call-steps.ts";

const KINDS = [
  ["an ordinary call", "sip:12025550123@192.0.2.1"],
  ["an emergency call", "sip:911@192.0.2.1"],
] as const;

/** A call that rings at the first worker, and whose record the store loses then, as in a failover. */
async function ringing(uri: string = KINDS[0][1]) {
  const world = new FakeWorld();
  const first = await world.worker();
  const second = await world.worker();
  const transaction = await invite(first, { uri });
  await answers(first, 180);
  await world.clock.advance(1_000);
  expect(world.store.rows.size).toBe(1);
  world.store.rows.clear();
  return { world, first, second, transaction };
}

async function hangUp(worker: FakeWorker, ok: ReturnType<typeof ours>) {
  worker.engine.onRequest(arriving(inDialog("ACK", ok, 1)));
  const bye = arriving(inDialog("BYE", ok, 2));
  worker.engine.onRequest(bye);
  await settle();
  const passed = last(worker.sip.requests("BYE"));
  passed.answer(answerTo(passed.message, 200));
  await settle();
  return worker.sip.statuses(bye.transaction.id);
}

describe("the store lost the record of a call while it was set up", () => {
  test.each(KINDS)(
    "%s is answered: its worker makes the record again, and any worker goes on with it",
    async (_what, uri) => {
      const { world, first, second, transaction } = await ringing(uri);
      await answers(first, 200);
      expect(first.sip.statuses(transaction)).toEqual([180, 200]);
      expect(world.store.rows.size).toBe(1);
      expect(await hangUp(second, ours(first, transaction, 200))).toEqual([200]);
      expect(second.sip.requests("ACK")).toHaveLength(1);
      expect(details(world).filter(({ kind }) => kind === "call")).toHaveLength(1);
    },
  );

  test("before it rings: the next write that nobody waits for makes the record again", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    world.store.rows.clear();
    await answers(worker, 180);
    await world.clock.advance(1_000);
    expect(world.store.rows.size).toBe(1);
  });

  test("the reply to that write is lost as well: the call goes on, and is stored", async () => {
    const { world, first, transaction } = await ringing();
    const create = world.store.create.bind(world.store);
    world.store.create = async (write) => {
      world.store.create = create;
      await create(write);
      world.store.away = true;
      return create(write);
    };
    await answers(first, 200);
    expect(first.sip.statuses(transaction)).toEqual([180, 200]);
    world.store.away = false;
    await world.clock.advance(2_000);
    expect(world.store.rows.size).toBe(1);
    expect(await hangUp(first, ours(first, transaction, 200))).toEqual([200]);
  });

  test("a call that another worker ended is over, and is not made again", async () => {
    const { world, first, transaction } = await ringing();
    const callId = last(first.sip.requests("INVITE")).message.get("Call-ID")?.split("-b")[0] ?? "";
    world.store.over.set(callId, "");
    await answers(first, 200);
    expect(world.store.rows.size).toBe(0);
    expect(first.sip.statuses(transaction)).toEqual([180]);
  });

  test("nor is one of which the store was heard last so long ago that it may have forgotten its end", async () => {
    const { world, first } = await ringing();
    await world.clock.advance(60_000);
    await answers(first, 200);
    expect(world.store.rows.size).toBe(0);
  });
});
