import { responseTo } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { startEdge, type EdgeRig } from "./support/edge-rig.ts";
import { RecordingEvents } from "./support/recording-app.ts";
import { isUp, outgoing, startWorker, type WorkerRig } from "./support/worker-rig.ts";

/** A fused process, and a worker of its pool that is connected to it. */
async function fusedWithOther(edge: EdgeRig): Promise<{ readonly own: WorkerRig; readonly other: WorkerRig }> {
  const own = await startWorker(() => [], { local: edge.server });
  const other = await startWorker(() => [edge.address]);
  await other.until(isUp);
  await other.port.sendRequest(outgoing("ACK"), new RecordingEvents());
  expect(edge.server.stats().applications).toBe(2);
  return { own, other };
}

const answer = (
  status: number,
  worker: WorkerRig,
  request: Awaited<ReturnType<WorkerRig["app"]["requests"]["next"]>>,
) => worker.port.respond(request.transaction, responseTo(request.message, status, { toTag: "t" }));

describe("the worker in the edge's process, and others of its pool", () => {
  test("the own worker is asked first", async () => {
    await using edge = await startEdge();
    const { own, other } = await fusedWithOther(edge);
    for (const callId of ["a", "b", "c"]) {
      edge.endpoint.receive("INVITE", { callId });
      await answer(486, own, await own.app.requests.next());
    }
    expect(own.port.edges()).toMatchObject([{ address: "local", edge: "e1", state: "up", pendingServer: 0 }]);
    await Promise.all([own.port.close(), other.port.close()]);
  });

  test.each(["own", "other"] as const)(
    "a 2xx that its peer repeats is brought to the %s worker, which sent the INVITE",
    async (who) => {
      await using edge = await startEdge();
      const { own, other } = await fusedWithOther(edge);
      const worker = who === "own" ? own : other;
      const events = new RecordingEvents();
      await worker.port.sendRequest(outgoing("INVITE"), events);
      const call = await edge.endpoint.sentRequest(0);
      call.answer(200);
      await events.responses.next();
      call.answerAgain();
      expect(await worker.app.orphanAnswers.next()).toMatchObject({
        edge: "e1",
        pool: "east",
        listener: "outside",
        told: true,
      });
      await Promise.all([own.port.close(), other.port.close()]);
    },
  );

  test("while it stands aside the other takes new requests, and what it holds stays with it", async () => {
    await using edge = await startEdge();
    const { own, other } = await fusedWithOther(edge);
    edge.endpoint.receive("INVITE", { callId: "old" });
    const held = await own.app.requests.next();
    own.port.pause(true);
    edge.endpoint.receive("INVITE", { callId: "new" });
    expect((await other.app.requests.next()).message.get("Call-ID")).toBe("new");
    edge.endpoint.receive("PRACK", { callId: "old", toTag: "mine" });
    expect((await own.app.requests.next()).message.method).toBe("PRACK");
    expect(await answer(486, own, held)).toEqual({ ok: true, value: undefined });
    await Promise.all([own.port.close(), other.port.close()]);
  });

  test.each(["own", "other"] as const)("the %s worker says what the edge may not cut off", async (who) => {
    await using edge = await startEdge();
    const { own, other } = await fusedWithOther(edge);
    const worker = who === "own" ? own : other;
    if (who === "other") own.port.pause(true);
    edge.endpoint.receive("INVITE");
    const { transaction, message } = await worker.app.requests.next();
    worker.port.hold(transaction);
    await worker.port.respond(transaction, responseTo(message, 180, { toTag: "t" }));
    expect(edge.server.stats().held).toBe(1);
    worker.port.unhold(transaction);
    await edge.endpoint.until(() => (edge.server.stats().held === 0 ? true : undefined));
    worker.port.hold(transaction);
    await edge.endpoint.until(() => (edge.server.stats().held === 1 ? true : undefined));
    await worker.port.respond(transaction, responseTo(message, 486, { toTag: "t" }));
    expect(edge.server.stats().held).toBe(0);
    await Promise.all([own.port.close(), other.port.close()]);
  });

  test("what a lost connection leaves unanswered comes to it, marked redelivered", async () => {
    await using edge = await startEdge();
    const { own, other } = await fusedWithOther(edge);
    own.port.pause(true);
    const received = edge.endpoint.receive("INVITE");
    await other.app.requests.next();
    own.port.resume();
    await other.port.close();
    const again = await own.app.requests.next();
    expect(again).toMatchObject({ transaction: { edge: "e1", id: received.id }, redelivered: true });
    await answer(486, own, again);
    expect(received.responses.map(({ status }) => status)).toEqual([486]);
    await own.port.close();
  });

  test("what it leaves unanswered goes to another, its INVITEs under way are cancelled and it hears that they failed", async () => {
    await using edge = await startEdge();
    const { own, other } = await fusedWithOther(edge);
    const received = edge.endpoint.receive("INVITE");
    await own.app.requests.next();
    const events = new RecordingEvents();
    await own.port.sendRequest(outgoing("INVITE", { callId: "b-leg" }), events);
    await own.port.close();
    expect(await events.failures.next()).toMatchObject({ code: "edge-lost" });
    expect((await edge.endpoint.sentRequest(0)).cancelled).toEqual([
      ["Reason", 'SIP;cause=503;text="Application lost"'],
    ]);
    const again = await other.app.requests.next();
    expect(again).toMatchObject({ transaction: { id: received.id }, redelivered: true });
    await other.port.close();
  });

  test("either answers and cancels what the other took", async () => {
    await using edge = await startEdge();
    const { own, other } = await fusedWithOther(edge);
    const received = edge.endpoint.receive("OPTIONS");
    const request = await own.app.requests.next();
    expect(await answer(200, other, request)).toEqual({ ok: true, value: undefined });
    expect(received.responses.map(({ status }) => status)).toEqual([200]);
    expect(await answer(200, own, request)).toMatchObject({ ok: false, error: { code: "call-gone" } });
    const sent = await other.port.sendRequest(outgoing("INVITE"), new RecordingEvents());
    if (!sent.ok) throw new Error(sent.error.detail);
    expect(await own.port.cancel(sent.value, [])).toEqual({ ok: true, value: undefined });
    await Promise.all([own.port.close(), other.port.close()]);
  });

  test("the ACK of an answer that a lost connection had given comes to it", async () => {
    await using edge = await startEdge();
    const { own, other } = await fusedWithOther(edge);
    own.port.pause(true);
    const received = edge.endpoint.receive("INVITE");
    await answer(200, other, await other.app.requests.next());
    await other.port.close();
    await edge.hasApplications(1);
    edge.endpoint.receiveAck(received);
    expect((await own.app.requests.next()).message.method).toBe("ACK");
    await own.port.close();
  });
});

describe("the edge in the worker's process, and others", () => {
  test("the own edge sends, unless another one is preferred; another pool's requests go through that pool's", async () => {
    await using own = await startEdge({ edge: "e1" });
    await using second = await startEdge({ edge: "e2" });
    await using west = await startEdge({ edge: "w1", pool: "west" });
    await using worker = await startWorker(() => [], {
      local: own.server,
      pools: ["east", "west"],
      edges: async (pool) => (pool === "east" ? [own.address, second.address] : [west.address]),
    });
    // The own edge's address is in the directory, too; it needs no connection.
    await worker.until((edges) => edges.filter(({ state }) => state === "up").length === 3);
    const events = new RecordingEvents();
    for (const callId of ["a", "b", "c"]) await worker.port.sendRequest(outgoing("OPTIONS", { callId }), events);
    await worker.port.sendRequest(outgoing("OPTIONS", { callId: "d", preferredEdge: "e2" }), events);
    await worker.port.sendRequest(outgoing("OPTIONS", { callId: "e", pool: "west" }), events);
    expect([own, second, west].map(({ endpoint }) => endpoint.requests.length)).toEqual([3, 1, 1]);
    await own.hasApplications(1);
  });

  test("it closes: what is under way fails, and the others go on", async () => {
    await using own = await startEdge({ edge: "e1" });
    await using second = await startEdge({ edge: "e2" });
    await using worker = await startWorker(() => [second.address], { local: own.server });
    await worker.until((edges) => edges.length === 2 && isUp(edges));
    const doomed = new RecordingEvents();
    await worker.port.sendRequest(outgoing("INVITE"), doomed);
    await own.server.close();
    expect(await doomed.failures.next()).toMatchObject({ code: "edge-lost" });
    const after = await worker.port.sendRequest(outgoing("OPTIONS", { callId: "c" }), new RecordingEvents());
    expect(after).toMatchObject({ ok: true, value: { edge: "e2" } });
  });
});
