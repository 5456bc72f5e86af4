import { describe, expect, test } from "vitest";
import { startEdge, type EdgeRig } from "./support/edge-rig.ts";
import { sweeps } from "./support/lost-worker.ts";
import { OCTETS, RawApp, waitIn } from "./support/raw-app.ts";

/** An INVITE whose worker, the only one, died with it. */
async function leftBehind(edge: EdgeRig) {
  const dying = await RawApp.login(edge.address, OCTETS);
  const invite = edge.endpoint.receive("INVITE");
  await dying.sip("INVITE");
  dying.socket.destroy();
  await edge.hasApplications(0);
  return invite;
}

/** An INVITE whose worker died after its 2xx, and another worker. */
async function lostAfterItsAnswer(edge: EdgeRig) {
  const dying = await RawApp.login(edge.address, OCTETS);
  const invite = edge.endpoint.receive("INVITE");
  await dying.sip("INVITE");
  await dying.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
  const other = await RawApp.login(edge.address, OCTETS);
  dying.socket.destroy();
  await edge.hasApplications(1);
  return { invite, other };
}

describe("a worker dies with a request of the network", () => {
  test.each(["INVITE", "BYE", "INFO", "OPTIONS"])("%s unanswered: offered to another, marked", async (method) => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    const toTag = method === "INVITE" || method === "OPTIONS" ? {} : { toTag: "our-tag" };
    edge.endpoint.receive(method, toTag);
    const first = await dying.sip(method);
    const other = await RawApp.login(edge.address, OCTETS);
    dying.socket.destroy();
    const second = await other.sip(method);
    expect([first.tokens[14] ?? "", second.tokens[14]]).toEqual(["", "redelivered"]);
    expect(second.tokens[8]).toBe(first.tokens[8]);
    expect(second.text).toBe(first.text);
    expect(edge.server.stats().redelivered).toBe(1);
  });

  test("the other is told how long it has waited", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    edge.endpoint.receive("BYE", { toTag: "our-tag" });
    const first = await dying.sip("BYE");
    const other = await RawApp.login(edge.address, OCTETS);
    edge.advance(4_000);
    dying.socket.destroy();
    const second = await other.sip("BYE");
    expect(waitIn(second) - waitIn(first)).toBeGreaterThanOrEqual(4_000);
  });

  test("INVITE after a 180: offered to another, whose answer goes out", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await dying.sip("INVITE");
    await dying.ask("sip|s1|\r\nSIP/2.0 180 Ringing\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    const other = await RawApp.login(edge.address, OCTETS);
    dying.socket.destroy();
    await other.sip("INVITE");
    await other.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    expect(invite.responses.map((each) => each.status)).toEqual([180, 200]);
  });

  test("after the 2xx, before the ACK: the ACK goes to another", async () => {
    await using edge = await startEdge();
    const { invite, other } = await lostAfterItsAnswer(edge);
    edge.endpoint.receiveAck(invite);
    expect((await other.sip("ACK")).tokens[8]).toBe("s1");
    expect(other.frames).toEqual([]);
  });

  test("after the ACK: it goes to another, too, for no answer tells whether it was taken", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await dying.sip("INVITE");
    await dying.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    edge.endpoint.receiveAck(invite);
    await dying.sip("ACK");
    const other = await RawApp.login(edge.address, OCTETS);
    dying.socket.destroy();
    expect((await other.sip("ACK")).tokens[8]).toBe("s1");
  });

  test("a missing ACK is told to another", async () => {
    await using edge = await startEdge();
    const { invite, other } = await lostAfterItsAnswer(edge);
    edge.endpoint.ackTimeout(invite);
    expect((await other.sip("SIP/2.0 200 OK")).tokens[8]).toBe("ack-timeout");
  });

  test("a cancelled INVITE is not offered again", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await dying.sip("INVITE");
    edge.endpoint.receiveCancel(invite);
    const other = await RawApp.login(edge.address, OCTETS);
    dying.socket.destroy();
    await edge.hasApplications(1);
    await other.ask("ping");
    expect(other.frames).toEqual([]);
  });

  test("no worker left: 503 with Retry-After", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await dying.sip("INVITE");
    dying.socket.destroy();
    await edge.endpoint.until(() => (invite.answered ? true : undefined));
    expect(invite.responses.map((each) => [each.status, each.get("Retry-After")])).toEqual([[503, "5"]]);
  });

  test.each(["INVITE", "BYE"])("no worker left, but one comes back in time: %s is offered to it", async (method) => {
    await using edge = await startEdge({ settings: { parkMs: 5_000 } });
    const dying = await RawApp.login(edge.address, OCTETS);
    const pending = edge.endpoint.receive(method, method === "BYE" ? { toTag: "our-tag" } : {});
    await dying.sip(method);
    dying.socket.destroy();
    await edge.hasApplications(0);
    const fresh = edge.endpoint.receive("MESSAGE", { callId: "fresh" });
    edge.endpoint.receiveAck(null, { callId: "answered", toTag: "our-tag" });
    expect([pending.responses, fresh.responses]).toEqual([[], []]);
    const back = await RawApp.login(edge.address, OCTETS);
    expect((await back.sip(method)).tokens[14]).toBe("redelivered");
    expect((await back.sip("MESSAGE")).tokens[14] ?? "").toBe("");
    await back.sip("ACK");
    expect(edge.server.stats().redelivered).toBe(1);
  });

  test("no worker left, but one comes back at the last moment: it has all the time to answer that a first one has", async () => {
    await using edge = await startEdge({ settings: { parkMs: 5_000 } });
    const invite = await leftBehind(edge);
    edge.advance(4_000);
    const back = await RawApp.login(edge.address, OCTETS);
    await back.sip("INVITE");
    edge.advance(3_000);
    await sweeps();
    expect(invite.responses).toEqual([]);
  });

  test("no worker left, and none comes back in time: 503, and later requests get it at once", async () => {
    await using edge = await startEdge({ settings: { parkMs: 5_000 } });
    const invite = await leftBehind(edge);
    expect(invite.responses).toEqual([]);
    edge.advance(5_000);
    await edge.endpoint.until(() => (invite.answered ? true : undefined));
    const late = edge.endpoint.receive("OPTIONS");
    expect([...invite.responses, ...late.responses].map((each) => each.status)).toEqual([503, 503]);
  });

  test("a waiting INVITE that the caller cancels is not offered", async () => {
    await using edge = await startEdge({ settings: { parkMs: 5_000 } });
    const invite = await leftBehind(edge);
    edge.endpoint.receiveCancel(invite);
    const back = await RawApp.login(edge.address, OCTETS);
    await back.ask("ping");
    expect(back.frames).toEqual([]);
  });

  test("waiting is bounded: above it there is 503 at once", async () => {
    await using edge = await startEdge({ settings: { parkMs: 5_000, maxParked: 2 } });
    const dying = await RawApp.login(edge.address, OCTETS);
    dying.socket.destroy();
    await edge.hasApplications(0);
    const requests = ["a", "b", "c"].map((callId) => edge.endpoint.receive("MESSAGE", { callId }));
    expect(requests.map(({ responses }) => responses.map((each) => each.status))).toEqual([[], [], [503]]);
  });

  test("closing the edge answers what waits for a worker", async () => {
    const edge = await startEdge({ settings: { parkMs: 5_000 } });
    const dying = await RawApp.login(edge.address, OCTETS);
    const served = edge.endpoint.receive("INVITE");
    await dying.sip("INVITE");
    dying.socket.destroy();
    await edge.hasApplications(0);
    const waiting = edge.endpoint.receive("MESSAGE", { callId: "c2" });
    await edge.server.close();
    expect([...served.responses, ...waiting.responses].map((each) => each.status)).toEqual([503, 503]);
  });

  test("a request that kills every worker is answered 500 after the third", async () => {
    await using edge = await startEdge();
    const invite = await (async () => {
      const first = await RawApp.login(edge.address, OCTETS);
      const received = edge.endpoint.receive("INVITE");
      let victim = first;
      for (let round = 0; round < 3; round += 1) {
        await victim.sip("INVITE");
        const next = await RawApp.login(edge.address, OCTETS);
        victim.socket.destroy();
        victim = next;
      }
      return received;
    })();
    await edge.endpoint.until(() => (invite.answered ? true : undefined));
    expect(invite.responses.map((each) => each.status)).toEqual([500]);
  });

  test("another worker may answer without being asked", async () => {
    await using edge = await startEdge();
    const asked = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await asked.sip("INVITE");
    const other = await RawApp.login(edge.address, OCTETS);
    expect((await other.ask("sip|s1|\r\nSIP/2.0 180 Ringing\r\nTo: <sip:x>;tag=t\r\n\r\n")).tokens[3]).toBe("OK");
    expect(invite.responses.map((each) => each.status)).toEqual([180]);
    edge.endpoint.receive("PRACK", { toTag: "t" });
    await other.sip("PRACK");
  });
});
