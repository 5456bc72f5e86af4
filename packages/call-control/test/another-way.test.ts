import { describe, expect, test } from "vitest";
import { FakeWorld, peer, settle } from "../src/testing/index.ts";
import { EDGE_2, EMERGENCY, KINDS, NEXT, answered, cancelOf, invite, invites, lastOf } from "./ways.ts";

const ORDINARY = KINDS[0][1];

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
