import { err } from "@tandem/domain";
import { describe, expect, test } from "vitest";
import { arriving, FakeWorld, last, requestFrom, sampleTopology, settle } from "../src/testing/index.ts";
import { answers, callerHangsUp, said } from "./call-steps.ts";

describe("a worker is cut off from its edge before it could send the INVITE of an emergency call's only attempt", () => {
  const ONE_WAY_OUT = {
    ...sampleTopology,
    trunks: sampleTopology.trunks.filter(({ name }) => name === "core" || name === "sos"),
    routes: [],
    emergency: { ...sampleTopology.emergency, fallbackTrunks: [] },
  };

  async function cutOff() {
    const world = new FakeWorld(ONE_WAY_OUT);
    const cut = await world.worker();
    const request = arriving(requestFrom({ uri: "sip:911@192.0.2.1" }));
    cut.engine.onRequest(request);
    await settle();
    const fails = async () => {
      last(cut.sip.requests("INVITE")).fail({ code: "edge-unavailable", detail: "" });
      await world.clock.advance(20_000);
    };
    return { world, cut, request, fails };
  }

  /** Its edge offered the INVITE to another worker, whose gateway said this. */
  async function withHeir(...codes: number[]) {
    const { world, ...given } = await cutOff();
    const heir = await world.worker();
    heir.engine.onRequest({ ...given.request, redelivered: true });
    await settle();
    await answers(heir, ...codes);
    return { world, heir, ...given };
  }

  function records({ store }: FakeWorld) {
    return store.details.map(({ kind }) => kind);
  }

  test("answered by the other worker meanwhile: it neither refuses the call nor takes its record away", async () => {
    const { world, cut, heir, request, fails } = await withHeir(180, 200);
    const before = said(cut);
    await fails();
    expect(said(cut)).toEqual(before);
    expect(world.store.rows.size).toBe(1);
    expect(records(world)).toEqual([]);
    await callerHangsUp(heir, request.transaction.id);
    await world.clock.advance(40_000);
    expect(records(world)).toEqual(["call", "attempt", "emergency"]);
  });

  test("rung by the other worker: it neither refuses the call nor takes its record away", async () => {
    const { world, cut, heir, request, fails } = await withHeir(180);
    const before = said(cut);
    await fails();
    expect(said(cut)).toEqual(before);
    expect(world.store.rows.size).toBe(1);
    await answers(heir, 200);
    expect(heir.sip.statuses(request.transaction.id)).toEqual([180, 200]);
  });

  test("and nobody else has the call: refused, and recorded once", async () => {
    const { world, cut, request, fails } = await cutOff();
    await fails();
    expect(cut.sip.statuses(request.transaction.id)).toEqual([503]);
    expect(records(world)).toEqual(["call", "attempt", "emergency"]);
  });

  test("and the store lost its record: refused, and recorded once", async () => {
    const { world, cut, request, fails } = await cutOff();
    world.store.rows.clear();
    await fails();
    expect(cut.sip.statuses(request.transaction.id)).toEqual([503]);
    expect(records(world)).toEqual(["call", "attempt", "emergency"]);
  });

  test("and the other worker has refused it since: no second set of records", async () => {
    const { world, fails } = await withHeir(503);
    await world.clock.advance(1_000);
    const before = records(world);
    await fails();
    expect([before, records(world)]).toEqual([["call", "attempt", "emergency"], before]);
  });

  test.each([
    ["does not answer", (world: FakeWorld) => void (world.store.hold = () => new Promise(() => undefined))],
    ["is away", (world: FakeWorld) => void (world.store.away = true)],
  ])("and the store %s: it cannot know, and refuses within a second", async (_what, breaks) => {
    const { world, cut, request } = await withHeir(180);
    breaks(world);
    last(cut.sip.requests("INVITE")).fail({ code: "edge-unavailable", detail: "" });
    await world.clock.advance(1_000);
    expect(cut.sip.statuses(request.transaction.id)).toEqual([503]);
  });

  test("and the store is away until later: the other worker's call is not taken from it", async () => {
    const { world, cut, heir, request } = await withHeir(180);
    world.store.away = true;
    last(cut.sip.requests("INVITE")).fail({ code: "edge-unavailable", detail: "" });
    await world.clock.advance(1_000);
    world.store.away = false;
    await world.clock.advance(5_000);
    expect([world.store.rows.size, cut.engine.facts().finishing]).toEqual([1, 0]);
    await answers(heir, 200);
    await callerHangsUp(heir, request.transaction.id);
    await world.clock.advance(40_000);
    expect(records(world)).toEqual(["call", "attempt", "emergency"]);
    expect(heir.sip.requests("BYE")).toHaveLength(1);
  });

  test("and is answered by the other one after the record was asked and before it is taken away: it is left", async () => {
    const { world, cut, request } = await cutOff();
    const finish = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "finish" ? finish.promise : Promise.resolve());
    last(cut.sip.requests("INVITE")).fail({ code: "edge-unavailable", detail: "" });
    await world.clock.advance(20_000);
    expect(cut.sip.statuses(request.transaction.id)).toEqual([503]);
    const heir = await world.worker();
    heir.engine.onRequest({ ...request, redelivered: true });
    await settle();
    await answers(heir, 180, 200);
    world.store.hold = () => Promise.resolve();
    finish.resolve();
    await settle();
    expect([world.store.rows.size, records(world)]).toEqual([1, []]);
    await callerHangsUp(heir, request.transaction.id);
    await world.clock.advance(40_000);
    expect(records(world)).toEqual(["call", "attempt", "emergency"]);
  });

  test("and its own last write had no reply, though the store has it: refused", async () => {
    const world = new FakeWorld(ONE_WAY_OUT);
    const cut = await world.worker();
    const create = world.store.create.bind(world.store);
    world.store.create = async (write) => {
      await create(write);
      return err({ code: "store-unavailable", detail: "no reply" });
    };
    const request = arriving(requestFrom({ uri: "sip:911@192.0.2.1" }));
    cut.engine.onRequest(request);
    await settle();
    expect(world.store.rows.size).toBe(1);
    last(cut.sip.requests("INVITE")).fail({ code: "edge-unavailable", detail: "" });
    await world.clock.advance(1_000);
    expect(cut.sip.statuses(request.transaction.id)).toEqual([503]);
  });
});
