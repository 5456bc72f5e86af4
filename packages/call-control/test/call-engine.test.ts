import { describe, expect, test } from "vitest";
import { answerTo, arriving, FakeWorld, last, peer, requestFrom, settle } from "../src/testing/index.ts";
import { invite, answers, inDialog, established, details, ours } from "./call-steps.ts";

describe("a basic call", () => {
  test("is written ahead: the record is stored before the INVITE leaves", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const held = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "create" ? held.promise : Promise.resolve());
    await invite(worker);
    expect(worker.sip.sent).toHaveLength(0);
    held.resolve();
    await settle();
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
  });

  test("has its records when its trace fails, and before there is a trace", async () => {
    const world = new FakeWorld();
    const kept: number[] = [];
    world.traces = {
      ended: () => {
        kept.push(world.store.details.length);
        throw new TypeError("no span for +12125550100");
      },
    };
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    worker.engine.onRequest(arriving(inDialog("BYE", ok, 2)));
    await settle();
    last(worker.sip.requests("BYE")).answer(answerTo(last(worker.sip.requests("BYE")).message, 200));
    await settle();
    expect(details(world).map(({ kind }) => kind)).toEqual(["call", "attempt"]);
    expect(kept).toEqual([2]);
    expect(worker.engine.facts().active).toBe(0);
    expect(worker.telemetry.logged.filter(({ level }) => level === "error")).toMatchObject([
      { message: "work beside a call failed", fields: { error: "TypeError" } },
    ]);
    expect(JSON.stringify(worker.telemetry.logged)).not.toContain("12125550100");
  });

  test("an ACK that came by another edge: the edge that repeats the 200 is told", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    await answers(worker, 200);
    const ack = arriving(inDialog("ACK", ours(worker, transaction, 200), 1));
    worker.engine.onRequest({ ...ack, transaction: { edge: "edge-2", id: "its-own" } });
    await settle();
    expect(worker.sip.acknowledgedElsewhere).toEqual([transaction]);
  });

  test("a 2xx that the called side repeats gets the same ACK, by the edge that got it, which repeats it from then on; from any worker", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    const transaction = await invite(first);
    const { message } = await answers(first, 200);
    const ack = arriving(inDialog("ACK", ours(first, transaction, 200), 1));
    // To another worker, which does not know by which edge the answer came: its ACK goes by any, and is lost.
    second.engine.onRequest({ ...ack, transaction: { edge: "edge-2", id: "its-own" } });
    await settle();
    const lost = last(second.sip.requests("ACK"));
    expect(lost.request.preferredEdge).toBeNull();
    const repeated = { message: answerTo(message, 200), edge: "edge-9", pool: "east", listener: "outside" };
    const source = peer("198.51.100.1");
    for (const worker of [first, second]) {
      worker.engine.onOrphanAnswer({ ...repeated, source, told: true });
      await settle();
      const again = last(worker.sip.requests("ACK"));
      expect(again.request.preferredEdge).toBe("edge-9");
      expect([again.message.uri, again.message.get("CSeq"), again.message.get("To")]).toEqual([
        lost.message.uri,
        lost.message.get("CSeq"),
        lost.message.get("To"),
      ]);
    }
    expect([first, second].map(({ sip }) => sip.requests("BYE").length)).toEqual([0, 0]);
  });

  test("INVITE, 180, 200, ACK, BYE: one call record, one attempt record, nothing left", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    expect(worker.sip.requests("ACK")).toHaveLength(1);
    expect(worker.engine.facts()).toMatchObject({ setups: 0, active: 0 });
    const bye = arriving(inDialog("BYE", ok, 2));
    worker.engine.onRequest(bye);
    await settle();
    const sentBye = last(worker.sip.requests("BYE"));
    sentBye.answer(answerTo(sentBye.message, 200));
    await settle();
    expect(worker.sip.statuses(bye.transaction.id)).toEqual([200]);
    expect(details(world).map(({ kind }) => kind)).toEqual(["call", "attempt"]);
    expect(world.store.rows.size).toBe(0);
    expect(worker.engine.facts().active).toBe(0);
    await world.clock.advance(2_000);
    expect(world.clock.pending()).toBe(await idleAlarms());
    expect(worker.telemetry.ended).toEqual([expect.objectContaining({ pool: "east", outcome: "success" })]);
  });

  test("another worker serves the BYE from the record", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    const { ok } = await established(world, first);
    const bye = arriving(inDialog("BYE", ok, 2));
    second.engine.onRequest(bye);
    await settle();
    const sentBye = last(second.sip.requests("BYE"));
    sentBye.answer(answerTo(sentBye.message, 200));
    await settle();
    expect(second.sip.statuses(bye.transaction.id)).toEqual([200]);
    expect(details(world)).toHaveLength(2);
  });

  test("a request for a call that is over is 481", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const { ok } = await established(world, worker);
    worker.engine.onRequest(arriving(inDialog("BYE", ok, 2)));
    await settle();
    const sentBye = last(worker.sip.requests("BYE"));
    sentBye.answer(answerTo(sentBye.message, 200));
    await settle();
    const late = arriving(inDialog("INFO", ok, 3));
    worker.engine.onRequest(late);
    await settle();
    expect(worker.sip.statuses(late.transaction.id)).toEqual([481]);
  });

  test("post-dial delay and answer delay are observed on the egress trunk", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    await world.clock.advance(1_500);
    await answers(worker, 180);
    await world.clock.advance(3_500);
    await answers(worker, 200);
    expect(worker.telemetry.delays).toEqual([
      { kind: "ring", trunk: "pstn-1", ms: 1_500 },
      { kind: "answer", trunk: "pstn-1", ms: 5_000 },
    ]);
  });
});

/** Alarms of a worker without calls. */
async function idleAlarms(): Promise<number> {
  const world = new FakeWorld();
  await world.worker();
  await world.clock.advance(2_000);
  return world.clock.pending();
}

describe("failover", () => {
  test("503 moves to the next trunk; the caller sees only the answer; health hears of both", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    await answers(worker, 503);
    const second = await answers(worker, 200);
    expect(second.request.nextHop).toContain("198.51.100.2");
    expect(worker.sip.statuses(transaction)).toEqual([200]);
    expect(world.health.signals.map(({ trunk, outcome }) => `${trunk} ${outcome}`)).toEqual([
      "pstn-1 failed",
      "pstn-2 answered",
    ]);
  });

  test("486 ends the call, and does not count against the trunk", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    await answers(worker, 486);
    expect(worker.sip.statuses(transaction)).toEqual([486]);
    expect(world.health.signals.map(({ outcome }) => outcome)).toEqual(["answered"]);
  });

  test("no edge for the first trunk's pool is an unreachable attempt", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    worker.sip.refusal = { code: "edge-unavailable", detail: "none" };
    const transaction = await invite(worker);
    expect(worker.sip.statuses(transaction)).toEqual([503]);
    expect(details(world).map(({ kind }) => kind)).toEqual(["call", "attempt", "attempt"]);
  });

  test("10 s without an 18x cancel the attempt and try the next trunk", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    const first = await answers(worker, 100);
    await world.clock.advance(9_999);
    expect(first.cancelled).toBe(false);
    await world.clock.advance(2);
    expect(first.cancelled).toBe(true);
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
  });
});

describe("CANCEL", () => {
  test("of the caller cancels the attempt; a cancelled call is recorded", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const request = arriving(requestFrom());
    worker.engine.onRequest(request);
    await settle();
    await answers(worker, 180);
    worker.engine.onCancel(request.transaction, requestFrom({ method: "CANCEL", body: "" }));
    await settle();
    const sent = last(worker.sip.requests("INVITE"));
    expect(sent.cancelled).toBe(true);
    sent.answer(answerTo(sent.message, 487));
    await settle();
    expect(details(world)[0]).toMatchObject({ kind: "call", sipCode: 487 });
    expect(worker.engine.facts().active).toBe(0);
  });

  test("that waited ends the call when it came, not when the store was back", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.away = true;
    const request = arriving(requestFrom());
    worker.engine.onRequest(request);
    await world.clock.advance(1_000);
    const cameMs = world.clock.now();
    worker.engine.onCancel(request.transaction, requestFrom({ method: "CANCEL", body: "" }));
    await world.clock.advance(3_000);
    world.store.away = false;
    await world.clock.advance(1_000);
    const sent = last(worker.sip.requests("INVITE"));
    sent.answer(answerTo(sent.message, 487));
    await settle();
    expect(details(world).find(({ kind }) => kind === "call")).toMatchObject({ sipCode: 487, endMs: cameMs });
  });

  test("that overtakes the store still ends the call", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const held = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "create" ? held.promise : Promise.resolve());
    const request = arriving(requestFrom());
    worker.engine.onRequest(request);
    worker.engine.onCancel(request.transaction, requestFrom({ method: "CANCEL", body: "" }));
    await settle();
    held.resolve();
    await settle();
    const sent = last(worker.sip.requests("INVITE"));
    expect(sent.cancelled).toBe(true);
    sent.answer(answerTo(sent.message, 487));
    await settle();
    expect(world.store.rows.size).toBe(0);
  });
});

describe("refusals", () => {
  test.each([
    ["an unknown source", {}, { source: peer("10.9.9.9") }, 403],
    ["no route", { uri: "sip:777@192.0.2.1" }, {}, 404],
    ["no shared usage", {}, { source: peer("198.51.100.1"), listener: "outside" }, 403],
  ])("%s: one response, one metric", async (_name, sketch, change, status) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker, sketch, change);
    expect(worker.sip.statuses(transaction)).toEqual([status]);
    expect(worker.sip.sent).toHaveLength(0);
    expect(worker.engine.facts().active).toBe(0);
  });

  test("a refused call of a known trunk is recorded, a stranger's is not", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, {}, { source: peer("10.9.9.9") });
    expect(details(world)).toHaveLength(0);
    await invite(worker, { uri: "sip:777@192.0.2.1" });
    expect(details(world)).toEqual([expect.objectContaining({ kind: "call", failure: "no-route" })]);
  });

  test("an emergency call of a stranger is served where callers live, refused where gateways are", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const source = peer("10.9.9.9");
    const served = await invite(worker, { uri: "sip:911@192.0.2.1" }, { source });
    expect(worker.sip.statuses(served)).toEqual([]);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    const refused = await invite(worker, { uri: "sip:911@192.0.2.1", callId: "b" }, { source, listener: "outside" });
    expect(worker.sip.statuses(refused)).toEqual([403]);
  });
});
