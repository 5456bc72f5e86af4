import { describe, expect, test } from "vitest";
import { withHeaders } from "@tandem/sip";
import {
  answerTo,
  arriving,
  FakeWorld,
  last,
  peer,
  requestFrom,
  settle,
  type FakeWorker,
} from "../src/testing/index.ts";
import { invite, answers, details, established, inDialog } from "./call-steps.ts";

describe("the BYE that ended its call, again, because its answer was lost with an edge or a worker", () => {
  /** A call whose caller hung up at the first worker and got no answer; it is over. */
  async function overUnheard() {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    const { ok } = await established(world, first);
    const bye = inDialog("BYE", ok, 2);
    first.engine.onRequest(arriving(bye));
    await settle();
    const passed = last(first.sip.requests("BYE"));
    passed.answer(answerTo(passed.message, 200));
    await settle();
    expect(world.store.rows.size).toBe(0);
    return { world, second, ok, bye };
  }

  async function statusesOf(worker: FakeWorker, request: Parameters<typeof arriving>[0]) {
    const arrived = arriving(request);
    worker.engine.onRequest(arrived);
    await settle();
    return worker.sip.statuses(arrived.transaction.id);
  }

  test("is answered as it was, and nobody gets a second one", async () => {
    const { world, second, bye } = await overUnheard();
    expect(await statusesOf(second, bye)).toEqual([200]);
    expect(second.sip.sent).toEqual([]);
    expect(details(world).filter(({ kind }) => kind === "call")).toHaveLength(1);
  });

  test("by whom the called side hung up, likewise", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    const { sent } = await established(world, first);
    const bye = requestFrom({
      method: "BYE",
      cseq: 1,
      to: sent.message.get("From") ?? "",
      from: answerTo(sent.message, 200).get("To") ?? "",
      body: "",
    });
    first.engine.onRequest(arriving(bye));
    await settle();
    const passed = last(first.sip.requests("BYE"));
    passed.answer(answerTo(passed.message, 200));
    await settle();
    expect(world.store.rows.size).toBe(0);
    expect(await statusesOf(second, bye)).toEqual([200]);
  });

  test("another BYE of the call, and any other request, gets 481 (RFC 3261 §15.1.2)", async () => {
    const { second, ok } = await overUnheard();
    const stranger = requestFrom({
      method: "BYE",
      cseq: 2,
      to: ok.get("To") ?? "",
      from: "<sip:m@192.0.2.66>;tag=m",
      body: "",
    });
    expect(await statusesOf(second, stranger)).toEqual([481]);
    expect(await statusesOf(second, inDialog("BYE", ok, 3))).toEqual([481]);
    expect(await statusesOf(second, inDialog("INFO", ok, 2))).toEqual([481]);
  });

  test("gets 481 where the store cannot say", async () => {
    const { world, second, bye } = await overUnheard();
    world.store.hold = async (operation) => {
      if (operation === "last-byes") world.store.away = true;
    };
    expect(await statusesOf(second, bye)).toEqual([481]);
  });
});

describe("the INVITE again", () => {
  test("redelivered after its worker died, another worker goes on from the record", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    await invite(first);
    const transaction = await invite(second, {}, { redelivered: true });
    expect(second.sip.requests("INVITE")).toHaveLength(1);
    await answers(second, 200);
    expect(second.sip.statuses(transaction)).toEqual([200]);
    expect(second.telemetry.started).toHaveLength(0);
  });

  test("redelivered goes on even when new calls would be refused", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    await invite(first);
    second.engine.setDraining(true);
    await invite(second, {}, { redelivered: true });
    expect(second.sip.requests("INVITE")).toHaveLength(1);
  });

  test("redelivered without a record is a new call", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, {}, { redelivered: true });
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(worker.telemetry.started).toHaveLength(1);
  });

  test.each([
    ["ordinary", "sip:100@192.0.2.1"],
    ["emergency", "sip:911@192.0.2.1"],
  ])("brought to another edge by its worker, without a record, is refused and calls nobody: %s", async (_kind, uri) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker, { uri }, { redelivered: true, adopted: true });
    expect(worker.sip.statuses(transaction)).toEqual([482]);
    expect(worker.sip.requests("INVITE")).toHaveLength(0);
    expect(worker.telemetry.started).toHaveLength(0);
  });

  test("brought to another edge by its worker, it is answered there", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    const transaction = await invite(worker, {}, { redelivered: true, adopted: true });
    await answers(worker, 200);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(worker.sip.statuses(transaction).at(-1)).toBe(200);
  });

  test("by another edge, without anybody having said so, finds the record by its identity", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    await invite(first);
    await invite(second);
    expect(world.store.rows.size).toBe(1);
    expect(world.store.operations.filter((operation) => operation === "create")).toHaveLength(2);
  });

  test("after its call ended is a late duplicate, not a new call", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    const second = await world.worker();
    await invite(first);
    await answers(first, 486);
    const transaction = await invite(second);
    expect(second.sip.sent).toHaveLength(0);
    expect(second.sip.statuses(transaction)).toEqual([482]);
  });

  test("forked to another number is another call", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    await invite(worker, { branch: "z9hG4bK-other", uri: "sip:12025550124@192.0.2.1" });
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
  });

  /** What the worker sent last, as a peer sends it. */
  function sentOn(worker: FakeWorker) {
    const sent = last(worker.sip.requests("INVITE")).message;
    const back = withHeaders(sent, (edit) => void edit.set("Via", "SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK-back"));
    return arriving(back, { source: peer("198.51.100.1"), listener: "outside" });
  }

  test.each(["this worker", "another worker"])("our own, sent back by a peer to %s, is a loop", async (whose) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker);
    const taker = whose === "this worker" ? worker : await world.worker();
    const request = sentOn(worker);
    taker.engine.onRequest(request);
    await settle();
    expect(taker.sip.statuses(request.transaction.id)).toEqual([482]);
  });

  test.each([
    ["ordinary", "sip:12025550123@192.0.2.1"],
    ["emergency", "sip:911@192.0.2.1"],
  ])("that of another cluster is served like any other: %s", async (_kind, uri) => {
    const elsewhere = await new FakeWorld().worker();
    await invite(elsewhere, { uri });
    const world = new FakeWorld();
    const worker = await world.worker();
    const request = arriving(
      requestFrom({ uri, from: last(elsewhere.sip.requests("INVITE")).message.get("From") ?? "" }),
    );
    worker.engine.onRequest(request);
    await settle();
    expect(worker.sip.statuses(request.transaction.id)).not.toContain(482);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
  });

  test("an emergency call with another cluster's tag that is cancelled while that is looked up rings nowhere", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const looked = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "load" ? looked.promise : Promise.resolve());
    const call = { uri: "sip:911@192.0.2.1", from: "<sip:+12025550100@192.0.2.10>;tag=abcdefgh01-b1" };
    const request = arriving(requestFrom(call));
    worker.engine.onRequest(request);
    worker.engine.onCancel(request.transaction, requestFrom({ ...call, method: "CANCEL", body: "" }));
    world.store.hold = () => Promise.resolve();
    looked.resolve();
    await settle();
    await world.clock.advance(1_000);
    for (const sent of worker.sip.requests("INVITE")) {
      expect(sent.cancelled).toBe(true);
      sent.answer(answerTo(sent.message, 487));
    }
    await settle();
    expect(details(world)[0]).toMatchObject({ kind: "call", sipCode: 487 });
    expect(worker.engine.facts().active).toBe(0);
  });

  test("a store that does not answer holds up no emergency call with another cluster's tag", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.hold = () => new Promise<void>(() => undefined);
    await invite(worker, { uri: "sip:911@192.0.2.1", from: "<sip:+12025550100@192.0.2.10>;tag=abcdefgh01-b1" });
    await world.clock.advance(1_000);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
  });
});

describe("calls whose worker is gone", () => {
  test("are looked after by another worker when their deadline passes", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    await invite(first);
    await first.engine.stop();
    const second = await world.worker();
    await world.clock.advance(260_000);
    expect(world.store.rows.size).toBe(0);
    expect(details(world).filter(({ kind }) => kind === "call")).toHaveLength(1);
    expect(second.engine.facts().active).toBe(0);
  });
});

describe("a 2xx to an INVITE whose call nobody knows", () => {
  test.each([
    ["198.51.100.1", "the gateway it came from", ["ACK", "BYE"]],
    ["192.0.2.10", "a gateway of another trunk of the pool", ["ACK", "BYE"]],
    ["203.0.113.66", "a stranger, who would have us send to anybody", []],
  ])("%s, %s", async (address, _who, sent) => {
    const elsewhere = await new FakeWorld().worker();
    await invite(elsewhere);
    const message = answerTo(last(elsewhere.sip.requests("INVITE")).message, 200);
    const worker = await new FakeWorld().worker();
    worker.engine.onOrphanAnswer({
      message,
      edge: "edge-1",
      pool: "east",
      listener: "outside",
      source: peer(address),
      told: false,
    });
    await settle();
    expect(worker.sip.sent.map((each) => each.message.method)).toEqual(sent);
  });

  test("which the worker that died was told, and which did not come again: its ACK went by another edge, and the number after it is taken", async () => {
    const elsewhere = await new FakeWorld().worker();
    await invite(elsewhere);
    const message = answerTo(last(elsewhere.sip.requests("INVITE")).message, 200);
    const worker = await new FakeWorld().worker();
    const source = peer("198.51.100.1");
    worker.engine.onOrphanAnswer({ message, edge: "edge-1", pool: "east", listener: "outside", source, told: true });
    await settle();
    expect(worker.sip.sent).toEqual([]);
  });

  test("nor the call's record: its attempt failed and was forgotten, and the call went on", async () => {
    const worker = await new FakeWorld().worker();
    await invite(worker);
    const failed = await answers(worker, 503);
    const before = worker.sip.sent.length;
    const message = answerTo(failed.message, 200);
    const source = peer("198.51.100.1");
    worker.engine.onOrphanAnswer({ message, edge: "edge-1", pool: "east", listener: "outside", source, told: false });
    await settle();
    expect(worker.sip.sent.slice(before).map((each) => each.message.method)).toEqual(["ACK", "BYE"]);
    expect(worker.engine.facts().active).toBe(1);
  });
});
