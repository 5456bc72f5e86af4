import { describe, expect, test } from "vitest";
import { startEdge } from "./support/edge-rig.ts";
import { RecordingEvents } from "./support/recording-app.ts";
import { isUp, outgoing, startWorker } from "./support/worker-rig.ts";

describe("edges by connection", () => {
  test("with no edge it waits for one, so long", async () => {
    await using worker = await startWorker(() => [], { edgeWaitMs: 50 });
    expect(await worker.port.sendRequest(outgoing("INVITE"), new RecordingEvents())).toMatchObject({
      ok: false,
      error: { code: "edge-unavailable" },
    });
  });
});

describe("a pool none of whose edges is connected", () => {
  test("a request sent while the worker still connects goes out by the edge that comes", async () => {
    await using edge = await startEdge();
    await using worker = await startWorker(() => [edge.address]);
    const sent = await worker.port.sendRequest(outgoing("INVITE"), new RecordingEvents());
    expect(sent).toMatchObject({ ok: true, value: { edge: "e1" } });
  });

  test("what is sent again because the edge was lost waits for the next, and never goes to the lost one", async () => {
    await using edge = await startEdge();
    const addresses = [edge.address];
    await using worker = await startWorker(() => addresses, { refreshMs: 20 });
    await worker.until(isUp);
    const again = Promise.withResolvers<unknown>();
    const events = new RecordingEvents();
    const onFailure = events.onFailure.bind(events);
    events.onFailure = (failure) => {
      onFailure(failure);
      again.resolve(worker.port.sendRequest(outgoing("INVITE"), new RecordingEvents()));
    };
    await worker.port.sendRequest(outgoing("INVITE"), events);
    await edge.server.close();
    expect(await events.failures.next()).toMatchObject({ code: "edge-lost" });
    await using next = await startEdge({ edge: "e2" });
    addresses.splice(0, 1, next.address);
    expect(await again.promise).toMatchObject({ ok: true, value: { edge: "e2" } });
  });

  test("a name that resolves only later is asked for again within the wait", async () => {
    await using edge = await startEdge();
    let asked = 0;
    await using worker = await startWorker(() => [], {
      refreshMs: 60_000,
      edges: () => ((asked += 1) === 1 ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve([edge.address])),
    });
    const sent = await worker.port.sendRequest(outgoing("INVITE"), new RecordingEvents());
    expect(sent).toMatchObject({ ok: true, value: { edge: "e1" } });
  });

  test("a caller that closes the port is not kept waiting", async () => {
    const worker = await startWorker(() => []);
    const sent = worker.port.sendRequest(outgoing("INVITE"), new RecordingEvents());
    await worker.port.close();
    expect(await sent).toMatchObject({ ok: false, error: { code: "edge-unavailable" } });
  });
});

/** Two edges of a pool, and a worker that both bring their requests to. */
async function workerOfTwo() {
  await using made = new AsyncDisposableStack();
  const first = made.use(await startEdge({ edge: "e1" }));
  const second = made.use(await startEdge({ edge: "e2" }));
  const worker = made.use(await startWorker(() => [first.address, second.address]));
  await worker.until((edges) => edges.length === 2 && isUp(edges));
  const all = made.move();
  return { first, second, worker, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

describe("two edges", () => {
  test("take turns, except where one is preferred", async () => {
    await using rig = await workerOfTwo();
    const { first, second, worker } = rig;
    const events = new RecordingEvents();
    for (const callId of ["a", "b", "c", "d"]) await worker.port.sendRequest(outgoing("OPTIONS", { callId }), events);
    expect([first.endpoint.requests.length, second.endpoint.requests.length]).toEqual([2, 2]);
    for (const callId of ["e", "f", "g"]) {
      const sent = await worker.port.sendRequest(outgoing("OPTIONS", { callId, preferredEdge: "e2" }), events);
      expect(sent).toMatchObject({ ok: true, value: { edge: "e2" } });
    }
    expect([first.endpoint.requests.length, second.endpoint.requests.length]).toEqual([2, 5]);
  });

  test("one is to be avoided: the other sends, until it is lost", async () => {
    await using rig = await workerOfTwo();
    const { second, worker } = rig;
    const events = new RecordingEvents();
    const by = { preferredEdge: "e1", avoidEdge: "e1" };
    expect(worker.port.hasOtherEdge("east", "e1")).toBe(true);
    for (const callId of ["a", "b", "c"]) {
      const sent = await worker.port.sendRequest(outgoing("INVITE", { callId, ...by }), events);
      expect(sent).toMatchObject({ ok: true, value: { edge: "e2" } });
    }
    await second.server.close();
    expect(await events.failures.next()).toMatchObject({ code: "edge-lost" });
    expect(worker.port.hasOtherEdge("east", "e1")).toBe(false);
    const sent = await worker.port.sendRequest(outgoing("INVITE", { callId: "d", ...by }), events);
    expect(sent).toMatchObject({ ok: true, value: { edge: "e1" } });
  });

  test("one is lost: its transactions fail, the other goes on", async () => {
    await using rig = await workerOfTwo();
    const { first, second, worker } = rig;
    const doomed = new RecordingEvents();
    const healthy = new RecordingEvents();
    const sent = await worker.port.sendRequest(outgoing("INVITE", { callId: "a", preferredEdge: "e1" }), doomed);
    await worker.port.sendRequest(outgoing("INVITE", { callId: "b", preferredEdge: "e2" }), healthy);
    await first.server.close();
    expect(await doomed.failures.next()).toMatchObject({ code: "edge-lost" });
    if (!sent.ok) throw new Error(sent.error.detail);
    expect(await worker.port.cancel(sent.value, [])).toMatchObject({ ok: false, error: { code: "edge-lost" } });
    (await second.endpoint.sentRequest(0)).answer(200);
    await healthy.responses.next();
    expect([doomed.order, healthy.order]).toEqual([["edge-lost"], [200]]);
    const after = await worker.port.sendRequest(outgoing("OPTIONS", { callId: "c", preferredEdge: "e1" }), healthy);
    expect(after).toMatchObject({ ok: true, value: { edge: "e2" } });
    expect(worker.port.stats().linksLost).toBe(1);
  });

  test("of two pools: it sends through both, and is offered requests by its own only", async () => {
    await using east = await startEdge({ edge: "e1", pool: "east" });
    await using west = await startEdge({ edge: "w1", pool: "west" });
    await using worker = await startWorker(() => [], {
      pools: ["east", "west"],
      edges: async (pool) => [pool === "east" ? east.address : west.address],
    });
    await worker.until((edges) => edges.length === 2 && isUp(edges));
    const events = new RecordingEvents();
    await worker.port.sendRequest(outgoing("OPTIONS", { pool: "west" }), events);
    expect(west.endpoint.requests).toHaveLength(1);
    const refused = west.endpoint.receive("INVITE");
    expect(refused.responses.map((each) => each.status)).toEqual([503]);
    await worker.port.sendRequest(outgoing("OPTIONS", { pool: "east" }), events);
    east.endpoint.receive("INVITE");
    await worker.app.requests.next();
  });
});
