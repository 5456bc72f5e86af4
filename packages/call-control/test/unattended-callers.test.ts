import { describe, expect, test } from "vitest";
import { ATTENDED_MS, attendCallers } from "../src/calls/attendance.ts";
import { answerTo, arriving, FakeWorld, last, settle, type FakeWorker } from "../src/testing/index.ts";
import { answers, details, inDialog, invite, ours } from "./call-steps.ts";

/** Nobody hears of the worker any more. */
async function dies(worker: FakeWorker): Promise<void> {
  await worker.engine.stop();
}

/** An edge takes the INVITE that the worker brings to it. */
async function taken(worker: FakeWorker, edge = "edge-2"): Promise<string> {
  const brought = last(worker.sip.adopted);
  worker.engine.onRequest({ ...brought, transaction: { edge, id: "adopted" } });
  await settle();
  return "adopted";
}

describe("a caller over UDP whose worker is gone", () => {
  test.each([
    ["ordinary", "sip:12025550123@192.0.2.1"],
    ["emergency", "sip:911@192.0.2.1"],
  ])("another worker of the pool brings his INVITE to an edge, and goes on from the record: %s", async (_kind, uri) => {
    const world = new FakeWorld();
    const first = await world.worker();
    const [second, third] = [await world.worker(), await world.worker()];
    await invite(first, { uri });
    await answers(first, 180);
    await world.clock.advance(1_000);
    await dies(first);
    await world.clock.advance(ATTENDED_MS + 1_000);
    const heirs = [second, third].filter(({ sip }) => sip.adopted.length > 0);
    expect(heirs).toHaveLength(1);
    const [heir = second] = heirs;
    expect(last(heir.sip.adopted)).toMatchObject({
      transaction: { edge: "edge-1" },
      source: { address: "192.0.2.10", port: 5060, transport: "udp" },
      pool: "east",
      listener: "core",
    });
    const transaction = await taken(heir);
    expect(heir.sip.requests("INVITE")).toHaveLength(1);
    await answers(heir, 200);
    expect(heir.sip.statuses(transaction)).toContain(200);
  });

  test("and who was answered without an ACK: he gets his answer again", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    await invite(first);
    await answers(first, 180, 200);
    await dies(first);
    await world.clock.advance(ATTENDED_MS + 1_000);
    const transaction = await taken(second);
    expect(second.sip.statuses(transaction)).toEqual([200]);
    second.engine.onRequest(arriving(inDialog("ACK", ours(second, transaction, 200), 1)));
    await world.clock.advance(2 * ATTENDED_MS);
    expect(second.sip.adopted).toHaveLength(1);
  });

  test("and who came by another way than the call is named by: it is that call's, and so is his CANCEL", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    await invite(first);
    await answers(first, 180);
    await invite(first, { branch: "z9hG4bK-other" });
    await dies(first);
    await world.clock.advance(ATTENDED_MS + 1_000);
    const transaction = await taken(second);
    expect(second.sip.statuses(transaction)).not.toContain(482);
    const { message } = last(second.sip.adopted);
    second.engine.onCancel({ edge: "edge-2", id: transaction }, message);
    await settle();
    const sent = last(second.sip.requests("INVITE"));
    expect(sent.cancelled).toBe(true);
    sent.answer(answerTo(sent.message, 487));
    await settle();
    expect(details(world)).toMatchObject([{ kind: "call" }, { kind: "attempt" }]);
  });
});

describe("nobody's INVITE is brought anywhere", () => {
  test("of a worker that attends to it, however long it rings", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    await invite(first);
    await answers(first, 180);
    await world.clock.advance(10 * ATTENDED_MS);
    expect([...first.sip.adopted, ...second.sip.adopted]).toEqual([]);
  });

  test("over a connection: the caller saw it end with its edge", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    await invite(first, {}, { source: { address: "192.0.2.10", port: 5060, transport: "tcp" } });
    await answers(first, 180);
    await dies(first);
    await world.clock.advance(2 * ATTENDED_MS);
    expect(second.sip.adopted).toEqual([]);
  });

  test("by a worker without an edge; it is once there is one", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker()];
    await invite(first);
    await answers(first, 180);
    await dies(first);
    const edges = second.sip.edges.splice(0);
    await world.clock.advance(2 * ATTENDED_MS);
    expect(second.sip.adopted).toEqual([]);
    second.sip.edges.push(...edges);
    await world.clock.advance(1_000);
    expect(second.sip.adopted).toHaveLength(1);
  });

  test("of another pool", async () => {
    const world = new FakeWorld();
    const [first, second] = [await world.worker(), await world.worker({ pool: "west" })];
    await invite(first);
    await answers(first, 180);
    await dies(first);
    await world.clock.advance(2 * ATTENDED_MS);
    expect(second.sip.adopted).toEqual([]);
  });

  test("of a worker that lives, when the store was away so long that none could say so", async () => {
    const world = new FakeWorld();
    const before = await world.worker();
    const worker = await world.worker();
    const after = await world.worker();
    await invite(worker);
    await answers(worker, 180);
    world.store.away = true;
    await world.clock.advance(2 * ATTENDED_MS);
    world.store.away = false;
    await world.clock.advance(2 * ATTENDED_MS);
    expect([before, worker, after].flatMap(({ sip }) => sip.adopted)).toEqual([]);
  });

  test("after the time that its call had: whoever sweeps ends that", async () => {
    const world = new FakeWorld();
    const first = await world.worker();
    await invite(first);
    await answers(first, 180);
    const row = [...world.store.rows.values()].slice(0, 1);
    await dies(first);
    const look = async (): Promise<number> => {
      for (const left of row) world.store.rows.set(left.write.callId, { ...left, attendedMs: 0 });
      const before = first.sip.adopted.length;
      const { store, clock } = world;
      const { sip, telemetry } = first;
      await attendCallers({ store, sip, clock, telemetry }, { pool: "east", mine: () => [] })();
      return first.sip.adopted.length - before;
    };
    expect(await look()).toBe(1);
    await world.clock.advance(3_600_000);
    expect(await look()).toBe(0);
  });
});
