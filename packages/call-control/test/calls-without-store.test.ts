import { describe, expect, test } from "vitest";
import { parseCall } from "@tandem/domain";
import { answerTo, arriving, FakeWorld, last, settle } from "../src/testing/index.ts";
import { invite, answers, inDialog, ours, established, details } from "./call-steps.ts";

describe("a call under way without the store", () => {
  test("an emergency call that outlives the outage is stored when the store is back", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.away = true;
    await invite(worker, { uri: "sip:911@192.0.2.1" });
    await answers(worker, 200);
    expect(world.store.rows.size).toBe(0);
    world.store.away = false;
    await world.clock.advance(3_000);
    expect(world.store.rows.size).toBe(1);
  });

  test("a call being set up goes on, and is stored when the store is back", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    world.store.away = true;
    await answers(worker, 180, 200);
    expect(worker.sip.statuses(transaction)).toEqual([180, 200]);
    world.store.away = false;
    await world.clock.advance(3_000);
    const [row] = world.store.rows.values();
    expect(parseCall(row?.write.document ?? "")).toMatchObject({ ok: true, value: { phase: "up" } });
  });

  test("a request in an established call nobody here remembers waits for a store that fails over", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    world.store.away = true;
    const info = arriving(inDialog("INFO", ok, 2));
    worker.engine.onRequest(info);
    await world.clock.advance(4_000);
    world.store.away = false;
    await world.clock.advance(1_000);
    const relayed = last(worker.sip.requests("INFO"));
    relayed.answer(answerTo(relayed.message, 200));
    await settle();
    expect(worker.sip.statuses(info.transaction.id)).toEqual([200]);
  });

  test("a BYE that waited ends the call when it came, not when the store was back", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    await world.clock.advance(60_000);
    world.store.away = true;
    worker.engine.onRequest(arriving(inDialog("BYE", ok, 2)));
    const cameMs = world.clock.now();
    await world.clock.advance(4_000);
    world.store.away = false;
    await world.clock.advance(1_000);
    const bye = last(worker.sip.requests("BYE"));
    bye.answer(answerTo(bye.message, 200));
    await settle();
    expect(details(world).find(({ kind }) => kind === "call")).toMatchObject({ endMs: cameMs });
  });

  test("nor when another worker gets it, whose own was lost: what its edge says counts", async () => {
    const world = new FakeWorld();
    const { ok } = await established(world, await world.worker());
    await world.clock.advance(60_000);
    const cameMs = world.clock.now();
    await world.clock.advance(2_500);
    const heir = await world.worker();
    heir.engine.onRequest(arriving(inDialog("BYE", ok, 2), { redelivered: true, cameMs }));
    await settle();
    const bye = last(heir.sip.requests("BYE"));
    bye.answer(answerTo(bye.message, 200));
    await settle();
    expect(details(world).find(({ kind }) => kind === "call")).toMatchObject({ endMs: cameMs });
  });

  test("nor when what came before it was stored at last", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    const held = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "save" ? held.promise : Promise.resolve());
    worker.engine.onRequest(arriving(inDialog("INFO", ok, 2)));
    await world.clock.advance(60_000);
    worker.engine.onRequest(arriving(inDialog("BYE", ok, 3)));
    const cameMs = world.clock.now();
    await world.clock.advance(1_500);
    held.resolve();
    await settle();
    const bye = last(worker.sip.requests("BYE"));
    bye.answer(answerTo(bye.message, 200));
    await world.clock.advance(10_000);
    expect(details(world).find(({ kind }) => kind === "call")).toMatchObject({ endMs: cameMs });
  });

  test("an answer that the caller hears only when the store is back was given when it came", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    await answers(worker, 180);
    await world.clock.advance(5_000);
    const held = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "save" ? held.promise : Promise.resolve());
    const answeredMs = world.clock.now();
    await answers(worker, 200);
    await world.clock.advance(1_500);
    expect(worker.sip.statuses(transaction)).toEqual([180]);
    held.resolve();
    await world.clock.advance(1_000);
    expect(worker.sip.statuses(transaction)).toEqual([180, 200]);
    const [row] = world.store.rows.values();
    const facts = { ringMs: answeredMs - 5_000, answerMs: answeredMs };
    expect(parseCall(row?.write.document ?? "")).toMatchObject({ ok: true, value: { facts } });
  });

  test("but not for ever: it gets 503 with Retry-After", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    world.store.away = true;
    const info = arriving(inDialog("INFO", ok, 2));
    worker.engine.onRequest(info);
    await world.clock.advance(7_000);
    expect(worker.sip.statuses(info.transaction.id)).toEqual([503]);
    expect(ours(worker, info.transaction.id, 503).get("Retry-After")).toBeDefined();
  });

  test("a write whose reply was lost is not mistaken for another worker's", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    const save = world.store.save.bind(world.store);
    world.store.save = async (call, expected) => {
      world.store.save = save;
      await save(call, expected);
      return { ok: false, error: { code: "store-unavailable", detail: "reply lost" } };
    };
    await answers(worker, 200);
    expect(worker.sip.statuses(transaction)).toEqual([200]);
    await world.clock.advance(3_000);
    expect(worker.telemetry.conflicts).toBe(0);
    expect(worker.engine.facts().active).toBe(0);
  });
});
