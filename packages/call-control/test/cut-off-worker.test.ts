import { describe, expect, test } from "vitest";
import { answerTo, arriving, FakeWorld, last, requestFrom, settle, type FakeWorker } from "../src/testing/index.ts";

const EMERGENCY = "sip:911@192.0.2.1";
const EDGE_2 = { transaction: { edge: "edge-2", id: "by-edge-2" } };

/** The callee of the last INVITE answers with these codes. */
async function answers(worker: FakeWorker, ...codes: number[]): Promise<void> {
  const sent = last(worker.sip.requests("INVITE"));
  for (const code of codes) sent.answer(answerTo(sent.message, code));
  await settle();
}

/** Everything it has sent, told and cancelled. */
function said({ sip }: FakeWorker) {
  return [sip.sent.length, sip.responses.length, sip.sent.filter(({ cancelled }) => cancelled).length];
}

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
    ["it had both", "superseded", bothWays],
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
