import { describe, expect, test } from "vitest";
import { callIdOf } from "../src/ingress/request-facts.ts";
import { arriving, fakeHash, FakeWorld, requestFrom, settle, type RequestSketch } from "../src/testing/index.ts";
import { EDGE_2, EMERGENCY, NEXT, answered, cancelOf, invite, invites, lastOf } from "./ways.ts";

describe("an emergency call by two ways at once, while nobody tells whether it is under way elsewhere", () => {
  /** Claims are asked for, and answered when the test says so. */
  function hanging(world: FakeWorld) {
    const answer = Promise.withResolvers<void>();
    world.setupClaims.hold = () => answer.promise;
    return answer;
  }

  test("is placed once, when the time to wait is over, and answered by its last way", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    hanging(world);
    world.store.hold = () => new Promise(() => undefined);
    const first = await invite(worker, { uri: EMERGENCY });
    await world.clock.advance(100);
    const next = await invite(worker, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    expect(invites(worker)).toHaveLength(0);
    await world.clock.advance(400);
    expect(invites(worker)).toHaveLength(1);
    await answered(worker, 180, 200);
    await world.clock.advance(2_000);
    expect([first, next].map(({ id }) => worker.sip.statuses(id))).toEqual([[487], [180, 200]]);
    expect(invites(worker)).toHaveLength(1);
  });

  test("both brought to it by their edges, as the worker that had them died: placed once", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    hanging(world);
    world.store.hold = () => new Promise(() => undefined);
    const redelivered = true;
    worker.engine.onRequest(arriving(requestFrom({ uri: EMERGENCY }), { redelivered }));
    worker.engine.onRequest(arriving(requestFrom({ uri: EMERGENCY, ...NEXT }), { ...EDGE_2, redelivered }));
    await settle();
    await world.clock.advance(1_000);
    await settle();
    expect(invites(worker)).toHaveLength(1);
    expect(worker.telemetry.started).toHaveLength(1);
  });

  test("the first is refused, as the topology knows its listener no more: so is the other, and neither waits", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    hanging(world);
    const first = await invite(worker, { uri: EMERGENCY }, { listener: "gone" });
    const next = await invite(worker, { uri: EMERGENCY, ...NEXT }, { ...EDGE_2, listener: "gone" });
    await world.clock.advance(2_000);
    expect([first, next].map(({ id }) => worker.sip.statuses(id))).toEqual([[403], [403]]);
    expect(worker.engine.facts().active).toBe(0);
  });

  test("the first is cancelled, as its way is lost: the other is answered", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const answer = hanging(world);
    const first = await invite(worker, { uri: EMERGENCY });
    const next = await invite(worker, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    worker.engine.onCancel(first, cancelOf({ uri: EMERGENCY }));
    answer.resolve();
    await settle();
    await answered(worker, 200);
    expect(worker.sip.statuses(next.id)).toEqual([200]);
  });

  test("the first is another worker's: both go on there, and the CANCEL of the last finds the call", async () => {
    const world = new FakeWorld();
    const [elsewhere, worker] = [await world.worker(), await world.worker()];
    await invite(elsewhere, { uri: EMERGENCY, branch: "z9hG4bK-before" });
    const answer = hanging(world);
    await invite(worker, { uri: EMERGENCY }, { transaction: { edge: "edge-3", id: "by-edge-3" } });
    const next = await invite(worker, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    worker.engine.onCancel(next, cancelOf({ uri: EMERGENCY, ...NEXT }));
    answer.resolve();
    await settle();
    expect(world.store.rows.size).toBe(1);
    expect(worker.telemetry.started).toHaveLength(0);
    expect(lastOf(invites(worker)).cancelled).toBe(true);
  });

  test("the call it is of turns out to be that of the one that waits for it: neither waits any longer", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const answer = hanging(world);
    const claim = world.setupClaims.claim.bind(world.setupClaims);
    // Another worker had the second way before.
    world.setupClaims.claim = async (name, given) => {
      const found = await claim(name, given);
      return found.ok ? { ok: true, value: { ...found.value, callId: nextId } } : found;
    };
    await invite(worker, { uri: EMERGENCY });
    const next = await invite(worker, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    const nextId = callIdOf(requestFrom({ uri: EMERGENCY, ...NEXT }), fakeHash);
    answer.resolve();
    await settle();
    await answered(worker, 200);
    expect(worker.sip.statuses(next.id)).toEqual([200]);
  });
});

describe("two emergency calls whose INVITEs have one Call-ID, From tag and CSeq, and differ in their session", () => {
  const OTHER: RequestSketch = { uri: EMERGENCY, branch: "z9hG4bK-other", body: "v=0\r\n" };

  test("each goes on by another way of its own", async () => {
    const world = new FakeWorld();
    world.setupClaims.away = true;
    const worker = await world.worker();
    await invite(worker, { uri: EMERGENCY });
    await invite(worker, OTHER);
    expect(invites(worker)).toHaveLength(2);
    await invite(worker, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    await invite(
      worker,
      { ...OTHER, branch: "z9hG4bK-other-next" },
      { transaction: { edge: "edge-2", id: "other-by-edge-2" } },
    );
    expect(invites(worker)).toHaveLength(2);
    expect(worker.telemetry.started).toHaveLength(2);
  });

  test("the CANCEL of another way ends the call that it is of", async () => {
    const world = new FakeWorld();
    world.setupClaims.away = true;
    const worker = await world.worker();
    for (const sketch of [{ uri: EMERGENCY }, OTHER]) {
      await invite(worker, sketch);
      await answered(worker, 180);
    }
    const next = await invite(worker, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    const otherNext = { ...OTHER, branch: "z9hG4bK-other-next" };
    await invite(worker, otherNext, { transaction: { edge: "edge-2", id: "other-by-edge-2" } });
    worker.engine.onCancel(next, cancelOf({ uri: EMERGENCY, ...NEXT }));
    await settle();
    expect(invites(worker).map(({ cancelled }) => cancelled)).toEqual([true, false]);
  });

  test("the end of the later one leaves the other to be found", async () => {
    const world = new FakeWorld();
    world.setupClaims.away = true;
    const worker = await world.worker();
    await invite(worker, { uri: EMERGENCY });
    const other = await invite(worker, OTHER);
    worker.engine.onCancel(other, cancelOf(OTHER));
    await settle();
    await invite(worker, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    expect(invites(worker)).toHaveLength(2);
  });
});

describe("an emergency call by another way to another worker", () => {
  test("goes on with the call that rings, and the PSAP is not called twice at once", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    await invite(first, { uri: EMERGENCY });
    await answered(first, 180);
    const next = await invite(second, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    // The same INVITE with the same branch: to the edge that holds it, and to the PSAP, it is the one that rings.
    const [one, again] = invites(first, second);
    expect(again?.request.branch).toBe(one?.request.branch);
    await answered(second, 180, 200);
    expect(second.sip.statuses(next.id)).toEqual([180, 200]);
    expect(world.store.rows.size).toBe(1);
    expect(second.telemetry.started).toHaveLength(0);
  });

  test("its CANCEL finds the call", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    await invite(first, { uri: EMERGENCY });
    const next = await invite(second, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    second.engine.onCancel(next, cancelOf({ uri: EMERGENCY, ...NEXT }));
    await settle();
    expect(lastOf(invites(second)).cancelled).toBe(true);
  });

  test("that came to both at once waits until the first has stored it", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    const stored = Promise.withResolvers<void>();
    world.store.hold = (operation) => (operation === "create" ? stored.promise : Promise.resolve());
    await invite(first, { uri: EMERGENCY });
    const next = await invite(second, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    expect(invites(first, second)).toHaveLength(0);
    stored.resolve();
    await settle();
    await world.clock.advance(100);
    expect(world.store.rows.size).toBe(1);
    await answered(second, 200);
    expect(second.sip.statuses(next.id)).toContain(200);
  });

  test("whose first worker died before it stored anything begins anew, in less than a second", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    world.setupClaims.claim = async (_invite, { atMs }) =>
      Promise.resolve({ ok: true, value: { callId: "nobodyhasthis", atMs } });
    await invite(worker, { uri: EMERGENCY });
    await world.clock.advance(700);
    expect(invites(worker)).toHaveLength(1);
  });

  test.each([
    ["cannot be asked", (world: FakeWorld) => void (world.setupClaims.away = true)],
    ["does not answer", (world: FakeWorld) => void (world.setupClaims.hold = () => new Promise<void>(() => undefined))],
  ])("is placed all the same where the store %s", async (_what, upset) => {
    const world = new FakeWorld();
    upset(world);
    const worker = await world.worker();
    await invite(worker, { uri: EMERGENCY });
    await world.clock.advance(150);
    expect(invites(worker)).toHaveLength(1);
  });

  test("whose record cannot be read is placed all the same", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    await invite(first, { uri: EMERGENCY });
    world.store.hold = (operation) => (operation === "load" ? new Promise(() => undefined) : Promise.resolve());
    const next = await invite(second, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    await world.clock.advance(500);
    await answered(second, 200);
    expect(second.sip.statuses(next.id)).toContain(200);
  });

  test("that went on as a call of its own is found by the way after that", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    const one = await invite(first, { uri: EMERGENCY });
    first.engine.onCancel(one, cancelOf({ uri: EMERGENCY }));
    await settle();
    await invite(first, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    const third = await invite(second, { uri: EMERGENCY, branch: "z9hG4bK-third" });
    await answered(second, 200);
    expect(second.sip.statuses(third.id)).toContain(200);
    expect(new Set(invites(first, second).map(({ request }) => request.branch)).size).toBe(2);
  });
});
