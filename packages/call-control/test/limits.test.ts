import { describe, expect, test } from "vitest";
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
import { invite, answers, inDialog, ours, established } from "./call-steps.ts";

describe("limits", () => {
  const limited = withTrunkSettings("pstn-1", { maxCalls: 1 });

  test("a full trunk is passed over; leases go with their calls", async () => {
    const world = new FakeWorld(limited);
    const worker = await world.worker();
    await invite(worker);
    await answers(worker, 200);
    await invite(worker, { callId: "second", branch: "z9hG4bK-2" });
    expect(last(worker.sip.requests("INVITE")).request.nextHop).toContain("198.51.100.2");
    expect(world.gate.held("pstn-1")).toBe(1);
  });

  test("calls that come at once are shared between the least loaded trunks, which the store tells of a second later", async () => {
    const [out, ...others] = sampleTopology.routes;
    const world = new FakeWorld({ ...sampleTopology, routes: [{ ...out!, strategy: "least-loaded" }, ...others] });
    const worker = await world.worker();
    for (let call = 1; call <= 10; call++) await invite(worker, { callId: `c${call}`, branch: `z9hG4bK-c${call}` });
    const hops = worker.sip.requests("INVITE").map(({ request }) => request.nextHop);
    expect(hops.filter((hop) => hop?.includes("198.51.100.1"))).toHaveLength(5);
  });

  test("of the ingress trunk count calls in both directions, to the call", async () => {
    const world = new FakeWorld(withTrunkSettings("core", { maxCalls: 1 }));
    const worker = await world.worker();
    const first = await invite(worker);
    const second = await invite(worker, { callId: "second", branch: "z9hG4bK-2" });
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(worker.sip.statuses(second)).toEqual([503]);
    await answers(worker, 486);
    expect(worker.sip.statuses(first)).toEqual([486]);
    await invite(worker, { callId: "third", branch: "z9hG4bK-3" });
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
  });

  test("that refuse an attempt say nothing about the health of the peer", async () => {
    const world = new FakeWorld(limited);
    const worker = await world.worker();
    await invite(worker);
    await invite(worker, { callId: "second", branch: "z9hG4bK-2" });
    expect(await world.health.takeSignals(10)).toEqual({ ok: true, value: [] });
  });

  test("a failed call gives its place back once", async () => {
    const world = new FakeWorld(limited);
    const worker = await world.worker();
    await invite(worker);
    await answers(worker, 486);
    expect(world.gate.held("pstn-1")).toBe(0);
    expect(world.gate.released).toHaveLength(1);
  });

  test("a call that ends while the gate fails over gives its place back when it can be told", async () => {
    const world = new FakeWorld(limited);
    const worker = await world.worker();
    await invite(worker);
    world.gate.away = true;
    await answers(worker, 486);
    await world.clock.advance(3_000);
    expect(world.gate.held("pstn-1")).toBe(1);
    world.gate.away = false;
    await world.clock.advance(200);
    expect(world.gate.held("pstn-1")).toBe(0);
  });

  test("a place that an emergency call gets after its end is given back", async () => {
    const world = new FakeWorld(withTrunkSettings("sos", { maxCalls: 1 }));
    const worker = await world.worker();
    const answer = Promise.withResolvers<void>();
    const seize = world.gate.seize.bind(world.gate);
    world.gate.seize = (request) => answer.promise.then(() => seize(request));
    const request = arriving(requestFrom({ uri: "sip:911@192.0.2.1" }));
    worker.engine.onRequest(request);
    await world.clock.advance(300);
    await answers(worker, 180);
    worker.engine.onCancel(request.transaction, requestFrom({ method: "CANCEL", uri: "sip:911@192.0.2.1", body: "" }));
    await answers(worker, 487);
    expect(world.store.rows.size).toBe(0);
    answer.resolve();
    await settle();
    expect(world.gate.released).toHaveLength(1);
    expect(world.gate.seized.get("sos")?.size).toBe(0);
  });

  test("an established call renews its lease when its deadline is looked at", async () => {
    const world = new FakeWorld(limited);
    const worker = await world.worker();
    await established(world, worker);
    const [callId = ""] = world.store.rows.keys();
    const before = world.gate.leases.get("pstn-1")?.get(callId) ?? 0;
    await world.clock.advance(1_801_000);
    for (const sent of worker.sip.requests("OPTIONS")) sent.answer(answerTo(sent.message, 200));
    await settle();
    expect(world.gate.leases.get("pstn-1")?.get(callId)).toBeGreaterThan(before);
  });

  test("a gate that cannot be asked does not stop calls", async () => {
    const world = new FakeWorld(limited);
    const worker = await world.worker();
    world.gate.away = true;
    await invite(worker);
    expect(last(worker.sip.requests("INVITE")).request.nextHop).toContain("198.51.100.1");
  });
});

describe("drain and overload", () => {
  test("ordinary new calls get 503 with Retry-After, emergency calls are served", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    worker.engine.setDraining(true);
    const ordinary = await invite(worker);
    expect(worker.sip.statuses(ordinary)).toEqual([503]);
    await invite(worker, { uri: "sip:911@192.0.2.1", callId: "sos" });
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
  });

  test("ends when the calls being set up are answered; they are not cut", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker);
    await answers(worker, 180);
    let drained = false;
    const drain = worker.engine.drain().then(() => (drained = true));
    await world.clock.advance(5_000);
    expect(drained).toBe(false);
    await answers(worker, 200);
    worker.engine.onRequest(arriving(inDialog("ACK", ours(worker, transaction, 200), 1)));
    await world.clock.advance(200);
    await drain;
    expect(world.store.rows.size).toBe(1);
  });

  test("more set-ups than allowed are refused, emergency calls are not", async () => {
    const world = new FakeWorld();
    const worker = await world.worker({ limits: { maxSetups: 1 } });
    await invite(worker);
    const second = await invite(worker, { callId: "second" });
    expect(worker.sip.statuses(second)).toEqual([503]);
    await invite(worker, { uri: "sip:911@192.0.2.1", callId: "sos" });
    const [first, ...others] = worker.sip.requests("INVITE");
    expect(others).toHaveLength(1);
    first?.answer(answerTo(first.message, 486));
    await settle();
    expect(worker.telemetry.setups).toBe(1);
  });

  test("of INVITEs that come in one burst, each counts for the next", async () => {
    const world = new FakeWorld();
    const worker = await world.worker({ limits: { maxSetups: 1 } });
    const burst = ["one", "two", "three"].map((callId) => arriving(requestFrom({ callId })));
    for (const request of burst) worker.engine.onRequest(request);
    await settle();
    expect(burst.map(({ transaction }) => worker.sip.statuses(transaction.id))).toEqual([[], [503], [503]]);
  });

  test("a late event loop refuses ordinary calls", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    worker.load.lag = 10_000;
    const transaction = await invite(worker);
    expect(worker.sip.statuses(transaction)).toEqual([503]);
  });
});
