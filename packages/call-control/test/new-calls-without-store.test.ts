import { describe, expect, test } from "vitest";
import { parseCall } from "@tandem/domain";
import { answerTo, arriving, FakeWorld, last, requestFrom, settle, type RequestSketch } from "../src/testing/index.ts";
import { invite, answers, inDialog, ours, details } from "./call-steps.ts";

describe("a new call without the store", () => {
  test("an ordinary new call waits for a store that fails over, and is made then", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.away = true;
    const transaction = await invite(worker);
    await world.clock.advance(1_000);
    const later = await invite(worker, { callId: "second" });
    await world.clock.advance(3_000);
    expect(worker.sip.requests("INVITE")).toHaveLength(0);
    world.store.away = false;
    await world.clock.advance(1_000);
    expect(worker.sip.requests("INVITE")).toHaveLength(2);
    expect([transaction, later].flatMap((each) => worker.sip.statuses(each))).toEqual([]);
    expect(world.store.rows.size).toBe(2);
  });

  test("a copy of its INVITE that comes meanwhile starts nothing of its own", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.away = true;
    await invite(worker);
    await world.clock.advance(1_000);
    await invite(worker, {}, { redelivered: true });
    world.store.away = false;
    await world.clock.advance(1_000);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(world.store.rows.size).toBe(1);
  });

  test("a create whose reply was lost is found again as its own", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const create = world.store.create.bind(world.store);
    world.store.create = async (call) => {
      world.store.create = create;
      await create(call);
      return { ok: false, error: { code: "store-unavailable", detail: "reply lost" } };
    };
    await invite(worker);
    await world.clock.advance(1_000);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    expect(worker.telemetry.conflicts).toBe(0);
  });

  test("but not for ever: it gets 503 with Retry-After, and the next ones at once", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.away = true;
    const transaction = await invite(worker);
    await world.clock.advance(7_000);
    expect(worker.sip.statuses(transaction)).toEqual([503]);
    expect(ours(worker, transaction, 503).get("Retry-After")).toBeDefined();
    expect(worker.engine.facts().active).toBe(0);
    const next = await invite(worker, { callId: "second" });
    expect(worker.sip.statuses(next)).toEqual([503]);
    expect(worker.telemetry.refused.at(-1)).toEqual({ method: "INVITE", failure: "store-unavailable" });
  });

  test.each([
    ["takes what it was sent before anything else", true],
    ["takes it after all else", false],
  ])(
    "an ordinary call that was refused leaves no record when a store that hung wakes, and %s",
    async (_when, first) => {
      const world = new FakeWorld();
      const worker = await world.worker();
      const create = world.store.create.bind(world.store);
      const sent: (() => Promise<unknown>)[] = [];
      world.store.away = true;
      world.store.create = (call) => {
        sent.push(() => create(call));
        return Promise.resolve({ ok: false, error: { code: "store-unavailable", detail: "no answer" } });
      };
      const transaction = await invite(worker);
      await world.clock.advance(7_000);
      expect(worker.sip.statuses(transaction)).toEqual([503]);
      world.store.away = false;
      const wake = async (): Promise<void> => void (await Promise.all(sent.map((late) => late())));
      if (first) await wake();
      await world.clock.advance(3_000);
      if (!first) await wake();
      expect(sent).not.toHaveLength(0);
      expect(world.store.rows.size).toBe(0);
      expect(details(world)).toEqual([]);
    },
  );

  test("an emergency call is served from memory, and its records arrive later", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.away = true;
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    expect(last(worker.sip.requests("INVITE")).request.nextHop).toContain("203.0.113.9");
    await answers(worker, 200);
    const ok = ours(worker, transaction, 200);
    worker.engine.onRequest(arriving(inDialog("ACK", ok, 1)));
    worker.engine.onRequest(arriving(inDialog("BYE", ok, 2)));
    await settle();
    const bye = last(worker.sip.requests("BYE"));
    bye.answer(answerTo(bye.message, 200));
    await settle();
    expect(details(world)).toHaveLength(0);
    world.store.away = false;
    await world.clock.advance(3_000);
    expect(details(world).map(({ kind }) => kind)).toEqual(["call", "attempt", "emergency"]);
  });

  test("an emergency call waits for nothing once the store is known to be away", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const never = (): Promise<void> => new Promise(() => undefined);
    const hung = [world.store, world.callbacks, world.setupClaims];
    for (const part of hung) {
      part.hold = never;
      part.foundAway = true;
    }
    const cameMs = world.clock.now();
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    await answers(worker, 180, 200);
    expect(worker.sip.statuses(transaction)).toEqual([180, 200]);
    expect(world.clock.now()).toBe(cameMs);
  });

  test("the first one waits its bounds, for the store may answer yet", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const never = (): Promise<void> => new Promise(() => undefined);
    for (const part of [world.store, world.callbacks, world.setupClaims]) part.hold = never;
    await invite(worker, { uri: "sip:911@192.0.2.1" });
    await world.clock.advance(649);
    expect(worker.sip.requests("INVITE")).toHaveLength(0);
    await world.clock.advance(1);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
  });

  test("found away between two steps, it is waited for no more", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const never = (): Promise<void> => new Promise(() => undefined);
    for (const part of [world.store, world.callbacks, world.setupClaims]) part.hold = never;
    await invite(worker, { uri: "sip:911@192.0.2.1" });
    world.store.foundAway = true;
    world.callbacks.foundAway = true;
    await world.clock.advance(150);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
  });

  test.each<[string, RequestSketch]>([
    ["an empty parameter in the Request-URI", { uri: "sip:911@192.0.2.1;user=phone;" }],
    ["headers in the Request-URI", { uri: "sip:911@192.0.2.1?x=y" }],
    ["an empty parameter of a tel URI", { uri: "tel:911;" }],
    ["a parameter of a service URN", { uri: "urn:service:sos;x" }],
    [
      "an unreadable display name",
      { uri: "sip:911@192.0.2.1", from: '"Room 5 <sip:+12025550100@192.0.2.10>;tag=caller' },
    ],
  ])("an emergency call with %s is served and hung up like any other", async (_fact, sketch) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker, sketch);
    const placed = last(worker.sip.requests("INVITE"));
    expect(placed.message.get("From")).toMatch(/^<sip:\+12025550100@[^>]*>;tag=/);
    await answers(worker, 200);
    const to = ours(worker, transaction, 200).get("To") ?? "";
    const from = sketch.from === undefined ? {} : { from: sketch.from };
    worker.engine.onRequest(arriving(requestFrom({ method: "ACK", to, ...from, body: "" })));
    await settle();
    worker.engine.onRequest(
      arriving(requestFrom({ method: "BYE", cseq: 2, to, ...from, body: "", branch: "z9hG4bK-bye" })),
    );
    await settle();
    expect(worker.sip.requests("BYE")).toHaveLength(1);
  });

  test.each<[string, RequestSketch]>([
    ["an empty parameter", { uri: "sip:100@192.0.2.1;" }],
    [
      "an unreadable display name",
      { uri: "sip:100@192.0.2.1", from: '"Room <sip:+12025550100@192.0.2.10>;tag=caller' },
    ],
  ])("an ordinary call to a short number with %s is refused", async (_fact, sketch) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const transaction = await invite(worker, sketch);
    expect(worker.sip.statuses(transaction)).toEqual([400]);
  });

  test("a bug is logged with its class and place, without what it says: that may be personal", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.store.hold = () => Promise.reject(new RangeError("+12025550100 at 1 Main Street"));
    await invite(worker);
    const line = worker.telemetry.logged.find(({ message }) => message === "call event failed");
    const at: unknown = expect.stringContaining("new-calls-without-store.test.ts");
    expect(line?.fields).toMatchObject({ error: "RangeError", event: "invite", at });
    expect(JSON.stringify(worker.telemetry.logged)).not.toMatch(/2025550100|Main Street/);
  });

  test("an emergency call does not stand still for a store that takes its time", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const held = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "create" ? held.promise : Promise.resolve());
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    expect(worker.sip.requests("INVITE")).toHaveLength(0);
    await world.clock.advance(300);
    expect(worker.sip.requests("INVITE")).toHaveLength(1);
    held.resolve();
    await settle();
    await answers(worker, 200);
    expect(worker.sip.statuses(transaction)).toEqual([200]);
    expect(world.store.rows.size).toBe(1);
    expect(worker.telemetry.conflicts).toBe(0);
  });

  test.each([
    ["fails at once", (world: FakeWorld) => void (world.store.away = true), 0],
    ["does not answer", (world: FakeWorld) => void (world.store.hold = () => new Promise<void>(() => undefined)), 600],
  ])(
    "that %s, an emergency call whose worker died is placed by another one, with the same branch",
    async (_how, outage, ms) => {
      const world = new FakeWorld();
      const [first, second] = [await world.worker(), await world.worker()];
      const sketch = { uri: "sip:911@192.0.2.1" };
      await invite(first, sketch);
      outage(world);
      const transaction = await invite(second, sketch, { redelivered: true });
      await world.clock.advance(ms);
      expect(second.sip.requests("INVITE").map((each) => each.request.branch)).toEqual([
        last(first.sip.requests("INVITE")).request.branch,
      ]);
      await answers(second, 200);
      await world.clock.advance(ms);
      expect(second.sip.statuses(transaction)).toEqual([200]);
    },
  );

  test("an ordinary call whose worker died waits for the store, and gets 503 in the end", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    await invite(first);
    world.store.away = true;
    const transaction = await invite(second, {}, { redelivered: true });
    await world.clock.advance(5_000);
    expect(second.sip.statuses(transaction)).toEqual([]);
    await world.clock.advance(2_000);
    expect(second.sip.statuses(transaction)).toEqual([503]);
  });

  test("nor for the answer's write behind the first one", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const held = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "create" ? held.promise : Promise.resolve());
    const transaction = await invite(worker, { uri: "sip:911@192.0.2.1" });
    await world.clock.advance(300);
    await answers(worker, 200);
    await world.clock.advance(300);
    expect(worker.sip.statuses(transaction)).toEqual([200]);
    held.resolve();
    await world.clock.advance(3_000);
    const [row] = world.store.rows.values();
    expect(parseCall(row?.write.document ?? "")).toMatchObject({ ok: true, value: { phase: "up" } });
  });
});
