import { responseTo } from "@tandem/sip";
import { describe, expect, test } from "vitest";
import { RawApp } from "./support/raw-app.ts";
import { startEdge, type EdgeRig } from "./support/edge-rig.ts";
import { RecordingEvents } from "./support/recording-app.ts";
import { isUp, outgoing, type WorkerRig } from "./support/worker-rig.ts";
import { ARRANGEMENTS, connected } from "./support/arrangements.ts";

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
