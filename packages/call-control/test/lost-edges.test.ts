import { describe, expect, test } from "vitest";
import { withHeaders } from "@tandem/sip";
import {
  answerTo,
  arriving,
  FakeWorld,
  last,
  requestFrom,
  sampleTopology,
  settle,
  withTrunkSettings,
} from "../src/testing/index.ts";
import { invite, answers, details } from "./call-steps.ts";

describe("the INVITEs that an edge which ends has to wait for", () => {
  const NUMBERS = [
    { dial: "911", masks: [], test: false },
    { dial: "933", masks: [], test: true },
  ];
  const withTests = { ...sampleTopology, emergency: { ...sampleTopology.emergency, numbers: NUMBERS } };

  test("are those of an emergency call, of the caller and of every attempt", async () => {
    const world = new FakeWorld(withTests);
    const worker = await world.worker();
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    const first = await answers(worker, 503);
    const second = last(worker.sip.requests("INVITE"));
    expect(worker.sip.held).toEqual([transaction, first.transaction.id, second.transaction.id]);
  });

  test("come again by another edge, they are those there", async () => {
    const world = new FakeWorld(withTests);
    const dying = await world.worker();
    const message = requestFrom({ uri: "sip:911@192.0.2.1" });
    const before = arriving(message);
    dying.engine.onRequest(before);
    await settle();
    const other = await world.worker();
    const again = arriving(message, { redelivered: true });
    other.engine.onRequest(again);
    await settle();
    expect(other.sip.held).toEqual([again.transaction.id, last(other.sip.requests("INVITE")).transaction.id]);
    expect(other.sip.unheld).toEqual([before.transaction.id]);
  });

  test("come again by another edge, nobody waits for them at the first, for they are answered there; but for the ACK of an answer", async () => {
    const world = new FakeWorld(withTests);
    const worker = await world.worker();
    const message = requestFrom({ uri: "sip:911@192.0.2.1" });
    const [first, second, third] = [arriving(message), arriving(message), arriving(message)];
    worker.engine.onRequest(first);
    await settle();
    worker.engine.onRequest(second);
    await settle();
    expect(worker.sip.unheld).toEqual([first.transaction.id]);
    await answers(worker, 200);
    expect([first, second].map(({ transaction }) => worker.sip.statuses(transaction.id))).toEqual([[], [200]]);
    worker.engine.onRequest(third);
    await settle();
    expect(worker.sip.statuses(third.transaction.id)).toEqual([200]);
    expect(worker.sip.unheld).toEqual([first.transaction.id]);
  });

  test("brought to another worker by the edge that has them, they are waited for there", async () => {
    const world = new FakeWorld(withTests);
    const dying = await world.worker();
    const request = arriving(requestFrom({ uri: "sip:911@192.0.2.1" }));
    dying.engine.onRequest(request);
    await settle();
    const other = await world.worker();
    other.engine.onRequest({ ...request, redelivered: true });
    await settle();
    expect(other.sip.unheld).toEqual([]);
  });

  test.each([
    ["an ordinary call", "sip:12025550123@192.0.2.1"],
    ["a test call", "sip:933@192.0.2.1"],
  ])("are none of %s", async (_what, uri) => {
    const world = new FakeWorld(withTests);
    const worker = await world.worker();
    await invite(worker, { uri });
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(worker.sip.held).toEqual([]);
  });
});

describe("the caller's edge died before the answer could be given", () => {
  async function unanswerable() {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    worker.sip.lostEdges.add("edge-1");
    await answers(worker, 200);
    return { world, worker };
  }

  test("the INVITE comes again by another edge within 64*T1: it is answered there, and the call stands", async () => {
    const { world, worker } = await unanswerable();
    await world.clock.advance(10_000);
    const again = arriving(requestFrom(), { transaction: { edge: "edge-2", id: "again" } });
    worker.engine.onRequest(again);
    await settle();
    expect(worker.sip.statuses("again")).toEqual([200]);
    await world.clock.advance(40_000);
    expect(worker.sip.requests("BYE")).toHaveLength(0);
  });

  test("it does not: the called side is acknowledged and ended, with one record", async () => {
    const { world, worker } = await unanswerable();
    await world.clock.advance(33_000);
    expect(worker.sip.requests("ACK")).toHaveLength(1);
    for (const bye of worker.sip.requests("BYE")) bye.answer(answerTo(bye.message, 200));
    await world.clock.advance(40_000);
    expect(details(world).filter(({ kind }) => kind === "call")).toMatchObject([{ failure: "ack-timeout" }]);
  });
});

describe("the called side's edge died while it rings", () => {
  const LOST = { code: "edge-lost", detail: "" } as const;

  test("its INVITE waits for that edge; where that does not come it is cancelled by another, by the Via that it had, before anybody is called again", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    const sent = last(worker.sip.requests("INVITE"));
    const via = `SIP/2.0/UDP 192.0.2.1:5060;branch=${sent.request.branch ?? ""};rport=5060`;
    sent.answer(withHeaders(answerTo(sent.message, 180), (edit) => void edit.set("Via", via)));
    await settle();
    sent.fail(LOST);
    await settle();
    const again = last(worker.sip.requests("INVITE"));
    const knownBy = { edge: sent.transaction.edge, sentBy: "192.0.2.1:5060" };
    expect([sent.request.knownBy, again.request.knownBy]).toEqual([undefined, knownBy]);
    expect(again.request.branch).toBe(sent.request.branch);
    again.fail(LOST);
    await settle();
    const cancel = last(worker.sip.requests("CANCEL"));
    expect(cancel.request).toMatchObject({ branch: sent.request.branch, sentBy: "192.0.2.1:5060", timeoutMs: 1_000 });
    expect(cancel.request.knownBy).toBeUndefined();
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
    cancel.answer(answerTo(cancel.message, 200));
    await settle();
    const anew = last(worker.sip.requests("INVITE"));
    expect(anew.message.get("Call-ID")).not.toBe(sent.message.get("Call-ID"));
  });
});

describe("an emergency call whose edge is cut off from the gateways", () => {
  test("is tried once more by another edge of the pool, way by way, and answered there", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    worker.sip.edges.push("edge-2");
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    for (const _way of [1, 2, 3]) await world.clock.advance(2_000);
    const invites = worker.sip.requests("INVITE");
    expect(invites.map(({ request, transaction: { edge } }) => [request.listener, edge])).toEqual([
      ["outside", "edge-1"],
      ["outside", "edge-1"],
      ["outside", "edge-1"],
      ["outside", "edge-2"],
    ]);
    expect(invites[3]?.message.uri).toBe(invites[0]?.message.uri);
    expect(invites.map(({ cancelled }) => cancelled)).toEqual([true, true, true, false]);
    await answers(worker, 180, 200);
    expect(worker.sip.statuses(transaction)).toEqual([180, 200]);
  });

  test("with no other edge it ends when every way was tried", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    await world.clock.advance(60_000);
    expect(worker.sip.statuses(transaction)).toEqual([503]);
    expect(new Set(worker.sip.requests("INVITE").map(({ message }) => message.uri)).size).toBe(
      worker.sip.requests("INVITE").length,
    );
  });

  test("a worker that goes on finds the attempt at that other edge", async () => {
    const world = new FakeWorld();
    const dying = await world.worker();
    dying.sip.edges.push("edge-2");
    const message = requestFrom({ uri: "sip:911@192.0.2.1" });
    dying.engine.onRequest(arriving(message));
    await settle();
    for (const _way of [1, 2, 3]) await world.clock.advance(2_000);
    const mine = last(dying.sip.requests("INVITE"));
    expect(mine.transaction.edge).toBe("edge-2");
    const other = await world.worker();
    other.sip.edges.push("edge-2");
    other.engine.onRequest(arriving(message, { redelivered: true }));
    await settle();
    const theirs = last(other.sip.requests("INVITE"));
    expect([theirs.transaction.edge, theirs.request.branch]).toEqual(["edge-2", mine.request.branch]);
  });
});

describe("the called side's edge died, and its INVITE's timer fires while the INVITE goes again", () => {
  test("that timer is nothing, and the one of the INVITE that went again ends the attempt", async () => {
    const world = new FakeWorld(withTrunkSettings("pstn-1", { connectTimeoutMs: 4_000, ringTimeoutMs: 60_000 }));
    const worker = await world.worker();
    await invite(worker);
    await world.clock.advance(3_900);
    const slow = Promise.withResolvers<undefined>();
    const save = world.store.save.bind(world.store);
    world.store.save = (write, expected) => slow.promise.then(() => save(write, expected));
    last(worker.sip.requests("INVITE")).fail({ code: "edge-lost", detail: "" });
    await world.clock.advance(200);
    slow.resolve(undefined);
    await settle();
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
    await world.clock.advance(3_700);
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
    await world.clock.advance(1_000);
    expect(worker.sip.requests("INVITE")).toHaveLength(3);
  });
});
