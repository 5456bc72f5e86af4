import { describe, expect, test } from "vitest";
import { arriving, FakeWorld, last, requestFrom, sampleTopology, settle } from "../src/testing/index.ts";
import { answers, callerHangsUp, said } from "./call-steps.ts";

const KINDS = [
  ["an ordinary call", "sip:12025550123@192.0.2.1"],
  ["an emergency call", "sip:911@192.0.2.1"],
] as const;
const EMERGENCY = KINDS[1][1];
const EDGE_2 = { transaction: { edge: "edge-2", id: "by-edge-2" } };

describe("a worker is cut off from its edge, which gives its call to another while it is set up", () => {
  const timers = { connectTimeoutMs: 4_000, progressTimeoutMs: 0, ringTimeoutMs: 60_000 };
  const trunks = sampleTopology.trunks.map((each) => ({ ...each, settings: { ...each.settings, ...timers } }));
  const TIMED = { ...sampleTopology, trunks };

  async function cutOff(uri: string, heard: readonly number[]) {
    const world = new FakeWorld(TIMED);
    const [cut, other] = [await world.worker(), await world.worker()];
    const request = arriving(requestFrom({ uri }));
    cut.engine.onRequest(request);
    await settle();
    await answers(cut, ...heard);
    await world.clock.advance(1_000);
    other.engine.onRequest({ ...request, redelivered: true });
    await settle();
    return { world, cut, other, request };
  }

  test.each(KINDS)(
    "%s rings: it does nothing more about it, though its connection ends and its timers fire",
    async (_what, uri) => {
      const { world, cut, other } = await cutOff(uri, [180]);
      await answers(other, 180);
      const before = said(cut);
      last(cut.sip.requests("INVITE")).fail({ code: "edge-lost", detail: "" });
      await world.clock.advance(1_000);
      expect(cut.engine.facts()).toMatchObject({ setups: 0, active: 0 });
      await world.clock.advance(61_000);
      expect(said(cut)).toEqual(before);
    },
  );

  test("nothing was heard yet: its connect timer ends no attempt, and the other's does", async () => {
    const { world, cut, other } = await cutOff(KINDS[0][1], []);
    await world.clock.advance(3_500);
    expect([cut, other].map(({ sip }) => sip.requests("INVITE").length)).toEqual([1, 1]);
    await world.clock.advance(1_000);
    expect([cut, other].map(({ sip }) => sip.requests("INVITE").length)).toEqual([1, 2]);
  });

  test("it is answered, and recorded once", async () => {
    const { world, cut, other, request } = await cutOff(EMERGENCY, [180]);
    await answers(other, 180);
    last(cut.sip.requests("INVITE")).fail({ code: "edge-lost", detail: "" });
    await settle();
    await answers(other, 200);
    await callerHangsUp(other, request.transaction.id);
    await world.clock.advance(40_000);
    expect([cut, other].map(({ sip }) => sip.requests("INVITE").length)).toEqual([1, 1]);
    expect(world.store.details.map(({ kind }) => kind)).toEqual(["call", "attempt", "emergency"]);
  });

  test.each([
    ["at once", "an ordinary call", KINDS[0][1], 0],
    ["at once", "an emergency call", KINDS[1][1], 0],
    ["when its own timer has fired", "an ordinary call", KINDS[0][1], 3_500],
    ["when its own timer has fired", "an emergency call", KINDS[1][1], 1_500],
  ])(
    "the other one dies, and the edge brings it back %s, %s: it goes on by timers of its own to the next way",
    async (_when, _what, uri, afterMs) => {
      const { world, cut, request } = await cutOff(uri, []);
      const called = () => cut.sip.requests("INVITE").map(({ message }) => message.uri);
      await world.clock.advance(afterMs);
      cut.engine.onRequest({ ...request, redelivered: true });
      await world.clock.advance(100);
      const [first, again] = called();
      expect([called().length, again]).toEqual([2, first]);
      for (let waitedMs = 0; waitedMs < 4_500 && called().length === 2; waitedMs += 100) await world.clock.advance(100);
      expect(called()).toHaveLength(3);
      expect(called()[2]).not.toBe(first);
      await answers(cut, 180, 200);
      expect(cut.sip.statuses(request.transaction.id)).toContain(200);
    },
  );
});

describe("a worker is cut off from its edges and holds an older way of an emergency call that another one has by its last", () => {
  /** The older way rings there when the INVITE comes by the next one. */
  async function olderWay() {
    const world = new FakeWorld();
    const [cut, other] = [await world.worker(), await world.worker()];
    const older = arriving(requestFrom({ uri: EMERGENCY }));
    cut.engine.onRequest(older);
    await settle();
    await answers(cut, 180);
    await world.clock.advance(1_000);
    const next = arriving(requestFrom({ uri: EMERGENCY, branch: "z9hG4bK-next" }), EDGE_2);
    return { world, cut, other, older, next };
  }

  /** It had both ways, the older of which is not answered before the call has its answer or its end. */
  async function bothWays() {
    const ways = await olderWay();
    const { cut, other, next } = ways;
    cut.engine.onRequest(next);
    await settle();
    other.engine.onRequest({ ...next, redelivered: true });
    await settle();
    await answers(other, 180);
    return ways;
  }

  /** It had the older way only. */
  async function oneWay() {
    const ways = await olderWay();
    const { other, next } = ways;
    other.engine.onRequest(next);
    await settle();
    await answers(other, 180);
    return ways;
  }

  test.each([
    ["it had both", "edge-lost", bothWays],
    ["it had both", "edge-unavailable", bothWays],
    ["it had both", "superseded", bothWays],
    ["it had the older", "edge-lost", oneWay],
    ["it had the older", "edge-unavailable", oneWay],
    ["it had the older", "superseded", oneWay],
  ] as const)("%s, and its INVITE ends with %s: it sends, tells and cancels nothing", async (_what, code, ways) => {
    const { world, cut, other, next } = await ways();
    const before = said(cut);
    last(cut.sip.requests("INVITE")).fail({ code, detail: "" });
    await world.clock.advance(20_000);
    expect(said(cut)).toEqual(before);
    expect(cut.engine.facts()).toMatchObject({ setups: 0, active: 0 });
    await answers(other, 200);
    expect(other.sip.statuses(next.transaction.id)).toContain(200);
  });
});
