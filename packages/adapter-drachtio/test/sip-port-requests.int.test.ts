import { describe, expect, test } from "vitest";
import { startEdge } from "./support/edge-rig.ts";
import { RecordingEvents } from "./support/recording-app.ts";
import { outgoing } from "./support/worker-rig.ts";
import { ARRANGEMENTS, connected } from "./support/arrangements.ts";

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
