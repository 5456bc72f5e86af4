import { describe, expect, test } from "vitest";
import type { SipMessage } from "@tandem/sip";
import { callIdOf } from "../src/ingress/request-facts.ts";
import {
  answerTo,
  arriving,
  fakeHash,
  FakeWorld,
  peer,
  requestFrom,
  settle,
  type FakeWorker,
  type RequestSketch,
} from "../src/testing/index.ts";

const KINDS = [
  ["an ordinary call", "sip:12025550123@192.0.2.1"],
  ["an emergency call", "sip:911@192.0.2.1"],
] as const;
const ORDINARY = KINDS[0][1];
const EMERGENCY = KINDS[1][1];

const NEXT: RequestSketch = { branch: "z9hG4bK-next" };
const EDGE_2 = { transaction: { edge: "edge-2", id: "by-edge-2" } };

/** The INVITE arrives; gives its transaction. */
async function invite(worker: FakeWorker, sketch: RequestSketch, change: Parameters<typeof arriving>[1] = {}) {
  const request = arriving(requestFrom(sketch), change);
  worker.engine.onRequest(request);
  await settle();
  return request.transaction;
}

const invites = (...workers: readonly FakeWorker[]) => workers.flatMap(({ sip }) => sip.requests("INVITE"));

function lastOf<T>(list: readonly T[]): T {
  const found = list.at(-1);
  if (found === undefined) throw new Error("nothing there");
  return found;
}

async function answered(worker: FakeWorker, ...codes: readonly number[]): Promise<void> {
  const sent = lastOf(invites(worker));
  for (const code of codes) sent.answer(answerTo(sent.message, code));
  await settle();
}

function cancelOf(sketch: RequestSketch): SipMessage {
  return requestFrom({ ...sketch, method: "CANCEL", body: "" });
}

const records = (world: FakeWorld, kind: string): number =>
  world.store.details.filter((each) => each.kind === kind).length;

describe("the INVITE again with another branch, as its sender lost the first way (RFC 3263 §4.3)", () => {
  test.each(KINDS)(
    "%s goes on: it hears that it rings, gets the answer, and nobody is called twice",
    async (_k, uri) => {
      const world = new FakeWorld();
      const worker = await world.worker();
      const first = await invite(worker, { uri });
      await answered(worker, 180);
      worker.sip.lostEdges.add(first.edge);
      const next = await invite(worker, { uri, ...NEXT }, EDGE_2);
      expect(worker.sip.statuses(next.id)).toEqual([180]);
      await answered(worker, 200);
      expect(worker.sip.statuses(next.id)).toEqual([180, 200]);
      expect(invites(worker)).toHaveLength(1);
      expect(worker.telemetry.started).toHaveLength(1);
    },
  );

  test.each(KINDS)(
    "%s: the first way, if somebody still listens there, gets its end once the call has one",
    async (_k, uri) => {
      const world = new FakeWorld();
      const worker = await world.worker();
      const first = await invite(worker, { uri });
      await invite(worker, { uri, ...NEXT });
      expect(worker.sip.statuses(first.id)).toEqual([]);
      await answered(worker, 200);
      await world.clock.advance(2_000);
      expect(worker.sip.statuses(first.id)).toEqual([487]);
    },
  );

  test.each(KINDS)("%s: the CANCEL of the new way ends it, that of the lost way does not", async (_k, uri) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const first = await invite(worker, { uri });
    await answered(worker, 180);
    const next = await invite(worker, { uri, ...NEXT }, EDGE_2);
    worker.engine.onCancel(first, cancelOf({ uri }));
    await settle();
    expect(lastOf(invites(worker)).cancelled).toBe(false);
    worker.engine.onCancel(next, cancelOf({ uri, ...NEXT }));
    await settle();
    expect(lastOf(invites(worker)).cancelled).toBe(true);
  });

  test.each(KINDS)("%s that was cancelled with its edge begins anew", async (_k, uri) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    const first = await invite(worker, { uri });
    await answered(worker, 180);
    worker.engine.onCancel(first, cancelOf({ uri }));
    await settle();
    const next = await invite(worker, { uri, ...NEXT }, EDGE_2);
    expect(invites(worker)).toHaveLength(2);
    await answered(worker, 200);
    expect(worker.sip.statuses(next.id)).toEqual([200]);
  });

  test.each(KINDS)("%s that was answered, and nobody heard it: the same answer", async (_k, uri) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, { uri });
    await answered(worker, 200);
    const next = await invite(worker, { uri, ...NEXT }, EDGE_2);
    expect(worker.sip.statuses(next.id)).toEqual([200]);
    expect(invites(worker)).toHaveLength(1);
  });

  test.each(KINDS)(
    "%s that was refused is a new one: its sender tries the next address (RFC 3261 §16.7)",
    async (_k, uri) => {
      const world = new FakeWorld();
      const worker = await world.worker();
      await invite(worker, { uri });
      for (let way = 0; way < 8 && records(world, "call") === 0; way += 1) await answered(worker, 503);
      const before = invites(worker).length;
      const next = await invite(worker, { uri, ...NEXT }, EDGE_2);
      await world.clock.advance(1_000);
      expect(invites(worker).length).toBe(before + 1);
      await answered(worker, 200);
      expect(worker.sip.statuses(next.id)).toContain(200);
    },
  );

  test("its retransmission by a third edge is the same again, and so is what is brought there", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, { uri: EMERGENCY });
    await answered(worker, 180);
    await invite(worker, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    const edge3 = { transaction: { edge: "edge-3", id: "by-edge-3" }, redelivered: true, adopted: true } as const;
    const brought = await invite(worker, { uri: EMERGENCY, ...NEXT }, edge3);
    await answered(worker, 200);
    expect(worker.sip.statuses(brought.id)).toEqual([180, 200]);
    expect(invites(worker)).toHaveLength(1);
  });

  test("the lost way, brought to another edge, takes nothing back", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, { uri: EMERGENCY });
    await answered(worker, 180);
    const next = await invite(worker, { uri: EMERGENCY, ...NEXT }, EDGE_2);
    const edge3 = { transaction: { edge: "edge-3", id: "by-edge-3" }, redelivered: true, adopted: true } as const;
    const brought = await invite(worker, { uri: EMERGENCY }, edge3);
    await answered(worker, 200);
    expect(worker.sip.statuses(next.id)).toEqual([180, 200]);
    expect(worker.sip.statuses(brought.id)).toEqual([487]);
  });
});

describe("a call that goes on by another way, whose worker dies", () => {
  test.each(KINDS)("%s: the worker that is given that way goes on with what rings", async (_k, uri) => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    await invite(first, { uri });
    await answered(first, 180);
    await invite(first, { uri, ...NEXT }, EDGE_2);
    const next = await invite(second, { uri, ...NEXT }, { ...EDGE_2, redelivered: true });
    const [one, again] = invites(first, second);
    expect(again?.request.branch).toBe(one?.request.branch);
    await answered(second, 180, 200);
    expect(second.sip.statuses(next.id)).toEqual([180, 200]);
    expect(world.store.rows.size).toBe(1);
  });
});

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

describe("a request that its senders forked (RFC 3261 §8.2.2.2)", () => {
  const via = (branch: string) => ({ headers: [["Via", `SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK-${branch}`]] as const });

  test("gets 482 on the second way", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, via("left"));
    const next = await invite(worker, { ...NEXT, ...via("right") }, EDGE_2);
    expect(worker.sip.statuses(next.id)).toEqual([482]);
    await answered(worker, 200);
    expect(invites(worker)).toHaveLength(1);
  });

  test("is none after T1: then somebody waited in vain", async () => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, via("left"));
    await world.clock.advance(500);
    const next = await invite(worker, { ...NEXT, ...via("right") }, EDGE_2);
    await answered(worker, 200);
    expect(worker.sip.statuses(next.id)).toEqual([200]);
    expect(invites(worker)).toHaveLength(1);
  });

  test.each([
    ["comes from a stranger", 403, { source: peer("192.0.2.11") }, {}],
    ["makes another dialog", 482, {}, { headers: [["Record-Route", "<sip:192.0.2.20;lr>"]] as const }],
    ["offers another session", 482, {}, { body: "v=0\r\n" }],
  ])("is refused if the second %s: %i", async (_what, status, change, sketch) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, { uri: ORDINARY });
    const next = await invite(worker, { uri: ORDINARY, ...NEXT, ...sketch }, { ...EDGE_2, ...change });
    expect(worker.sip.statuses(next.id)).toEqual([status]);
    expect(invites(worker)).toHaveLength(1);
  });

  test.each([
    ["by two proxies", {}, via("right")],
    ["with another dialog", {}, { headers: [["Record-Route", "<sip:192.0.2.20;lr>"]] as const }],
    ["with another session", {}, { body: "v=0\r\n" }],
  ])("is never refused if it is an emergency call: %s", async (_what, change, sketch) => {
    const world = new FakeWorld();
    const worker = await world.worker();
    await invite(worker, { uri: EMERGENCY, ...via("left") });
    const next = await invite(worker, { uri: EMERGENCY, ...NEXT, ...sketch }, { ...EDGE_2, ...change });
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
