import { responseTo } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { RawApp } from "./support/raw-app.ts";
import { startEdge, type EdgeRig } from "./support/edge-rig.ts";
import { RecordingEvents } from "./support/recording-app.ts";
import { isUp, outgoing, startWorker, type WorkerRig } from "./support/worker-rig.ts";

/** How a worker comes to its edge: by a connection, or in the same process. Everything the port promises holds for both. */
const ARRANGEMENTS = [
  { arrangement: "split", worker: (edge: EdgeRig) => startWorker(() => [edge.address]) },
  { arrangement: "fused", worker: (edge: EdgeRig) => startWorker(() => [], { local: edge.server }) },
] as const;

type Arrangement = (typeof ARRANGEMENTS)[number];

async function connected(edge: EdgeRig, { worker: start }: Arrangement): Promise<WorkerRig> {
  const worker = await start(edge);
  await worker.until(isUp);
  await edge.endpoint.until(() => (edge.server.stats().applications > 0 ? true : undefined));
  return worker;
}

/** The edge knows the worker's route once it answered a round trip after it. */
async function routed(edge: EdgeRig, worker: WorkerRig): Promise<void> {
  const events = new RecordingEvents();
  await worker.port.sendRequest(outgoing("ACK"), events);
  expect(edge.server.stats().applications).toBeGreaterThan(0);
}

describe.each(ARRANGEMENTS)("requests from the network ($arrangement)", (arrangement) => {
  test("arrive with transaction, source, listener and identities, and are answered", async () => {
    await using edge = await startEdge();
    await using worker = await connected(edge, arrangement);
    await routed(edge, worker);
    const received = edge.endpoint.receive("INVITE", { body: "caf\u00e9", source: { identities: ["sbc.example"] } });
    const request = await worker.app.requests.next();
    expect(request).toMatchObject({
      transaction: { edge: "e1", id: received.id },
      source: { address: "198.51.100.7", port: 5062, transport: "udp" },
      pool: "east",
      listener: "outside",
      tlsIdentities: ["sbc.example"],
      redelivered: false,
    });
    expect(request.message.body).toBe("caf\u00e9");
    const answer = responseTo(request.message, 200, { toTag: "mine", body: "\u00ff" });
    expect(await worker.port.respond(request.transaction, answer)).toEqual({ ok: true, value: undefined });
    expect(received.responses.map((each) => [each.status, each.body])).toEqual([[200, "\u00ff"]]);
    expect(worker.port.edges()[0]?.pendingServer).toBe(0);
  });

  test("an ACK that came by another edge is told to the edge that repeats the 2xx", async () => {
    await using edge = await startEdge();
    await using worker = await connected(edge, arrangement);
    await routed(edge, worker);
    const invite = edge.endpoint.receive("INVITE", { callId: "c1" });
    const { transaction, message } = await worker.app.requests.next();
    worker.port.hold(transaction);
    await worker.port.respond(transaction, responseTo(message, 200, { toTag: "our-tag" }));
    expect(edge.server.stats().held).toBe(1);
    worker.port.acknowledged({ edge: "another", id: transaction.id });
    worker.port.acknowledged(transaction);
    await edge.endpoint.until(() => (invite.acknowledgedElsewhere ? true : undefined));
    expect(edge.server.stats().held).toBe(0);
  });

  test("an ACK arrives with the INVITE's transaction, a CANCEL as onCancel, a missing ACK as onAckTimeout", async () => {
    await using edge = await startEdge();
    await using worker = await connected(edge, arrangement);
    await routed(edge, worker);
    const first = edge.endpoint.receive("INVITE", { callId: "c1" });
    const request = await worker.app.requests.next();
    await worker.port.respond(request.transaction, responseTo(request.message, 200, { toTag: "our-tag" }));
    edge.endpoint.receiveAck(first);
    expect(await worker.app.requests.next()).toMatchObject({
      transaction: request.transaction,
      message: { method: "ACK" },
    });

    const second = edge.endpoint.receive("INVITE", { callId: "c2" });
    const invite = await worker.app.requests.next();
    edge.endpoint.receiveCancel(second);
    expect((await worker.app.cancels.next()).transaction).toEqual(invite.transaction);

    const third = edge.endpoint.receive("INVITE", { callId: "c3" });
    const unacknowledged = await worker.app.requests.next();
    await worker.port.respond(unacknowledged.transaction, responseTo(unacknowledged.message, 200, { toTag: "t" }));
    edge.endpoint.ackTimeout(third);
    const timeout = await worker.app.ackTimeouts.next();
    expect([timeout.transaction, timeout.response.status]).toEqual([unacknowledged.transaction, 200]);
  });

  test("answering what is over is a failure, not a throw", async () => {
    await using edge = await startEdge();
    await using worker = await connected(edge, arrangement);
    await routed(edge, worker);
    edge.endpoint.receive("OPTIONS");
    const request = await worker.app.requests.next();
    const response = responseTo(request.message, 200, { toTag: "t" });
    await worker.port.respond(request.transaction, response);
    expect(await worker.port.respond(request.transaction, response)).toMatchObject({
      ok: false,
      error: { code: "call-gone" },
    });
    expect(await worker.port.respond({ edge: "elsewhere", id: "s1" }, response)).toMatchObject({
      ok: false,
      error: { code: "edge-lost" },
    });
  });
});

describe.each(ARRANGEMENTS)("requests of the worker ($arrangement)", (arrangement) => {
  test("go out by listener and next hop; responses come in order", async () => {
    await using edge = await startEdge();
    await using worker = await connected(edge, arrangement);
    const events = new RecordingEvents();
    const sent = await worker.port.sendRequest(
      outgoing("INVITE", { nextHop: "sip:203.0.113.5", body: "\u00e9" }),
      events,
    );
    const call = await edge.endpoint.sentRequest(0);
    expect(sent).toEqual({ ok: true, value: { edge: "e1", id: call.id } });
    expect([call.out.listener, call.out.nextHop, call.out.message.body]).toEqual([
      "outside",
      "sip:203.0.113.5",
      "\u00e9",
    ]);
    call.trying();
    call.answer(180);
    call.answer(183, { body: "v=0" });
    call.answer(200);
    await events.responses.next();
    await events.responses.next();
    await events.responses.next();
    const last = await events.responses.next();
    expect(last.source).toEqual({ address: "198.51.100.7", port: 5062, transport: "udp" });
    expect(events.order).toEqual([100, 180, 183, 200]);
    expect(worker.port.edges()[0]?.pendingClient).toBe(0);
  });

  test("an impatient one tells the edge how long it waits, so that nothing is retransmitted after that", async () => {
    await using edge = await startEdge();
    await using worker = await connected(edge, arrangement);
    await worker.port.sendRequest(outgoing("OPTIONS", { timeoutMs: 1_500 }), new RecordingEvents());
    await worker.port.sendRequest(outgoing("OPTIONS"), new RecordingEvents());
    expect((await edge.endpoint.sentRequest(0)).out.timeoutMs).toBe(1_500);
    expect((await edge.endpoint.sentRequest(1)).out.timeoutMs).toBeUndefined();
  });

  test("a response in the same turn as the reply does not overtake it", async () => {
    await using edge = await startEdge();
    await using worker = await connected(edge, arrangement);
    const events = new RecordingEvents();
    const original = edge.endpoint.request.bind(edge.endpoint);
    edge.endpoint.request = (request, callEvents) => {
      const transaction = original(request, callEvents);
      queueMicrotask(() => edge.endpoint.requests[0]?.answer(486));
      return transaction;
    };
    await worker.port.sendRequest(outgoing("INVITE"), events).then(() => events.order.push("sent"));
    await events.responses.next();
    expect(events.order).toEqual(["sent", 486]);
  });

  test("a further 2xx of a fork is passed on after the first", async () => {
    await using edge = await startEdge();
    await using worker = await connected(edge, arrangement);
    const events = new RecordingEvents();
    await worker.port.sendRequest(outgoing("INVITE"), events);
    const call = await edge.endpoint.sentRequest(0);
    call.answer(200, { toTag: "fork-1" });
    call.answer(200, { toTag: "fork-2" });
    await events.responses.next();
    const second = await events.responses.next();
    expect(second.response.get("To")).toContain("fork-2");
  });

  test.each([
    ["timeout", "peer-timeout"],
    ["transport", "transport-failure"],
    ["tls", "tls-failure"],
    ["unresolved", "resolve-failure"],
    ["no-listener", "protocol-error"],
  ] as const)("%s is onFailure with %s", async (reason, code) => {
    await using edge = await startEdge();
    await using worker = await connected(edge, arrangement);
    const events = new RecordingEvents();
    await worker.port.sendRequest(outgoing("INVITE"), events);
    (await edge.endpoint.sentRequest(0)).fail(reason);
    expect(await events.failures.next()).toMatchObject({ code });
    expect(events.order).toEqual([code]);
  });

  test("a CANCEL carries its headers and the final response still comes", async () => {
    await using edge = await startEdge();
    await using worker = await connected(edge, arrangement);
    const events = new RecordingEvents();
    const sent = await worker.port.sendRequest(outgoing("INVITE"), events);
    if (!sent.ok) throw new Error(sent.error.detail);
    expect(await worker.port.cancel(sent.value, [["Reason", "Q.850;cause=16"]])).toEqual({
      ok: true,
      value: undefined,
    });
    const call = await edge.endpoint.sentRequest(0);
    expect(call.cancelled).toEqual([["Reason", "Q.850;cause=16"]]);
    call.answer(487);
    expect((await events.responses.next()).response.status).toBe(487);
    expect(await worker.port.cancel(sent.value, [])).toMatchObject({ ok: false, error: { code: "call-gone" } });
  });

  test("an ACK is sent and has no transaction", async () => {
    await using edge = await startEdge();
    await using worker = await connected(edge, arrangement);
    const sent = await worker.port.sendRequest(outgoing("ACK"), new RecordingEvents());
    expect(sent.ok).toBe(true);
    expect(edge.endpoint.acks).toHaveLength(1);
    expect(worker.port.edges()[0]?.pendingClient).toBe(0);
  });
});

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

describe("two edges", () => {
  test("take turns, except where one is preferred", async () => {
    await using first = await startEdge({ edge: "e1" });
    await using second = await startEdge({ edge: "e2" });
    await using worker = await startWorker(() => [first.address, second.address]);
    await worker.until((edges) => edges.length === 2 && isUp(edges));
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
    await using first = await startEdge({ edge: "e1" });
    await using second = await startEdge({ edge: "e2" });
    await using worker = await startWorker(() => [first.address, second.address]);
    await worker.until((edges) => edges.length === 2 && isUp(edges));
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
    await using first = await startEdge({ edge: "e1" });
    await using second = await startEdge({ edge: "e2" });
    await using worker = await startWorker(() => [first.address, second.address]);
    await worker.until((edges) => edges.length === 2 && isUp(edges));
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

describe.each(ARRANGEMENTS)("draining ($arrangement)", (arrangement) => {
  test("new requests go to another worker, what is under way is finished, then drain resolves", async () => {
    await using edge = await startEdge();
    await using worker = await connected(edge, arrangement);
    await routed(edge, worker);
    edge.endpoint.receive("INVITE", { callId: "old" });
    const old = await worker.app.requests.next();
    let drained = false;
    const draining = worker.port.drain().then(() => (drained = true));
    await worker.port.sendRequest(outgoing("ACK"), new RecordingEvents());
    // A probe that a dead gateway leaves unanswered holds nobody up.
    await worker.port.sendRequest(outgoing("OPTIONS"), new RecordingEvents());
    const other = await RawApp.login(edge.address, { tags: "octets", verbs: ["*"] });
    edge.endpoint.receive("INVITE", { callId: "new" });
    await other.sip("INVITE");
    expect(drained).toBe(false);
    await worker.port.respond(old.transaction, responseTo(old.message, 486, { toTag: "t" }));
    await draining;
    worker.port.resume();
    await routed(edge, worker);
    edge.endpoint.receive("INVITE", { callId: "again" });
    expect((await worker.app.requests.next()).message.get("Call-ID")).toBe("again");
  });

  test("a worker that is paused at once is offered what no other worker takes", async () => {
    await using edge = await startEdge();
    await using worker = await arrangement.worker(edge);
    worker.port.pause(true);
    await worker.until(isUp);
    await routed(edge, worker);
    edge.endpoint.receive("INVITE", { callId: "alone" });
    expect((await worker.app.requests.next()).message.get("Call-ID")).toBe("alone");
    const other = await RawApp.login(edge.address, { tags: "octets", verbs: ["*"] });
    edge.endpoint.receive("INVITE", { callId: "new" });
    await other.sip("INVITE");
  });
});
