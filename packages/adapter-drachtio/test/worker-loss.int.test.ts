import { describe, expect, test } from "vitest";
import { startEdge, type EdgeRig } from "./support/edge-rig.ts";
import { RawApp } from "./support/raw-app.ts";

const OCTETS = { tags: "octets", verbs: ["*"] } as const;
const INVITE =
  "INVITE sip:b@198.51.100.9 SIP/2.0\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@y>\r\nCall-ID: k1\r\nCSeq: 1 INVITE\r\n\r\n";
const branched = `sip||||||z9hG4bKcall-b1-1\r\n${INVITE}`;
const ACK =
  "ACK sip:b@198.51.100.9 SIP/2.0\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@y>;tag=peer-tag\r\nCall-ID: k1\r\nCSeq: 1 ACK\r\n\r\n";

/** Longer than the edge of these tests lets pass between two looks at what is overdue. */
const sweeps = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

/** An INVITE whose worker, the only one, died with it. */
async function leftBehind(edge: EdgeRig) {
  const dying = await RawApp.login(edge.address, OCTETS);
  const invite = edge.endpoint.receive("INVITE");
  await dying.sip("INVITE");
  dying.socket.destroy();
  await edge.endpoint.until(() => (edge.server.stats().applications === 0 ? true : undefined));
  return invite;
}

describe("an INVITE of an emergency call, of which a worker says so", () => {
  test("is waited for until it is answered and acknowledged, also by another worker", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await dying.sip("INVITE");
    expect(edge.server.stats().held).toBe(0);
    await dying.ask("hold|s1");
    expect(edge.server.stats().held).toBe(1);
    const other = await RawApp.login(edge.address, OCTETS);
    dying.socket.destroy();
    await other.sip("INVITE");
    await other.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    expect(edge.server.stats().held).toBe(1);
    edge.endpoint.receiveAck(invite);
    expect(edge.server.stats().held).toBe(0);
  });

  test("is waited for no longer when its ACK came by another edge, which any worker says", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await app.sip("INVITE");
    await app.ask("hold|s1");
    await app.ask("acknowledged|s1");
    expect([edge.server.stats().held, invite.acknowledgedElsewhere]).toEqual([1, false]);
    expect(edge.server.stats().unacknowledged).toBe(0);
    await app.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    const other = await RawApp.login(edge.address, OCTETS);
    await other.ask("acknowledged|nothing");
    await other.ask("acknowledged");
    expect(edge.server.stats()).toMatchObject({ held: 1, unacknowledged: 1 });
    await other.ask("acknowledged|s1");
    expect(edge.server.stats()).toMatchObject({ held: 0, unacknowledged: 0 });
    expect(invite.acknowledgedElsewhere).toBe(true);
  });

  test("is waited for no longer when it came again by another edge, answered here or not; it can still be answered", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    const first = edge.endpoint.receive("INVITE");
    await app.sip("INVITE");
    edge.endpoint.receive("INVITE", { callId: "c2" });
    await app.sip("INVITE");
    await app.ask("hold|s1");
    await app.ask("hold|s2");
    await app.ask("sip|s2|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    expect(edge.server.stats().held).toBe(2);
    await app.ask("hold|s1|off");
    await app.ask("hold|s2|off");
    await app.ask("hold|nothing|off");
    expect(edge.server.stats().held).toBe(0);
    await app.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    expect(first.responses.map(({ status }) => status)).toEqual([200]);
  });

  test("sent, it is waited for until its final response, also when another worker goes on with it", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    const sent = await dying.ask(branched);
    await dying.ask(`hold|${sent.tokens[10]}`);
    expect(edge.server.stats().held).toBe(1);
    const other = await RawApp.login(edge.address, OCTETS);
    await other.ask(branched);
    expect(edge.server.stats().held).toBe(1);
    (await edge.endpoint.sentRequest(0)).answer(486);
    await other.sip("SIP/2.0 486");
    expect(edge.server.stats().held).toBe(0);
  });

  test("no other request, and nothing that is over, is waited for", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, OCTETS);
    edge.endpoint.receive("INFO", { toTag: "our-tag" });
    await app.sip("INFO");
    await app.ask("hold|s1");
    await app.ask("hold|nothing");
    await app.ask("hold");
    expect(edge.server.stats().held).toBe(0);
  });
});

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
    const dying = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await dying.sip("INVITE");
    await dying.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    const other = await RawApp.login(edge.address, OCTETS);
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 1 ? true : undefined));
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
    const dying = await RawApp.login(edge.address, OCTETS);
    const invite = edge.endpoint.receive("INVITE");
    await dying.sip("INVITE");
    await dying.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=our-tag\r\n\r\n");
    const other = await RawApp.login(edge.address, OCTETS);
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 1 ? true : undefined));
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
    await edge.endpoint.until(() => (edge.server.stats().applications === 1 ? true : undefined));
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
    await edge.endpoint.until(() => (edge.server.stats().applications === 0 ? true : undefined));
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
    await edge.endpoint.until(() => (edge.server.stats().applications === 0 ? true : undefined));
    const requests = ["a", "b", "c"].map((callId) => edge.endpoint.receive("MESSAGE", { callId }));
    expect(requests.map(({ responses }) => responses.map((each) => each.status))).toEqual([[], [], [503]]);
  });

  test("closing the edge answers what waits for a worker", async () => {
    const edge = await startEdge({ settings: { parkMs: 5_000 } });
    const dying = await RawApp.login(edge.address, OCTETS);
    const served = edge.endpoint.receive("INVITE");
    await dying.sip("INVITE");
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 0 ? true : undefined));
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

describe("a worker dies with an INVITE of its own", () => {
  test("pending: it is cancelled", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask(`sip||\r\n${INVITE}`);
    dying.socket.destroy();
    const call = await edge.endpoint.sentRequest(0);
    await edge.endpoint.until(() => call.cancelled ?? undefined);
    expect(call.cancelled).toEqual([["Reason", 'SIP;cause=503;text="Application lost"']]);
    call.answer(487);
    expect([edge.endpoint.requests.length, edge.endpoint.acks.length]).toEqual([1, 0]);
    expect(edge.server.stats().waiting.outgoing).toBe(0);
  });

  test("a 2xx that crosses the CANCEL: another worker is given it, for only the call's record knows", async () => {
    await using edge = await startEdge({ settings: { orphanAckMs: 0 } });
    const dying = await RawApp.login(edge.address, OCTETS);
    const other = await RawApp.login(edge.address, OCTETS);
    await dying.ask(`sip||\r\n${INVITE}`);
    dying.socket.destroy();
    const call = await edge.endpoint.sentRequest(0);
    await edge.endpoint.until(() => call.cancelled ?? undefined);
    call.answer(200);
    expect((await other.sip("SIP/2.0 200")).tokens.slice(8)).toEqual(["orphan-answer", "", ""]);
    expect([edge.endpoint.requests.length, edge.endpoint.acks.length]).toEqual([1, 0]);
  });

  test("a 2xx that crosses the CANCEL, and no worker comes: it is acknowledged and ended with BYE", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask(`sip||\r\n${INVITE}`);
    dying.socket.destroy();
    const call = await edge.endpoint.sentRequest(0);
    await edge.endpoint.until(() => call.cancelled ?? undefined);
    call.answer(200, {
      headers: [
        ["Contact", "<sip:callee@203.0.113.9:5099>"],
        ["Record-Route", "<sip:p2;lr>, <sip:p1;lr>"],
      ],
    });
    edge.advance(33_000);
    await edge.endpoint.sentRequest(1);
    const ack = edge.endpoint.acks[0]?.message;
    const bye = edge.endpoint.requests[1]?.out.message;
    expect([ack?.method, ack?.uri, ack?.get("CSeq"), ack?.getAll("Route")]).toEqual([
      "ACK",
      "sip:callee@203.0.113.9:5099",
      "1 ACK",
      ["<sip:p1;lr>", "<sip:p2;lr>"],
    ]);
    expect([bye?.method, bye?.get("CSeq"), bye?.get("To")]).toEqual(["BYE", "1001 BYE", "<sip:b@y>;tag=peer-tag"]);
    expect(edge.server.stats().orphans.ended).toBe(1);
  });

  test("answered, not acknowledged: another worker's ACK in time keeps the call", async () => {
    await using edge = await startEdge({ settings: { orphanAckMs: 500 } });
    const dying = await RawApp.login(edge.address, OCTETS);
    const other = await RawApp.login(edge.address, OCTETS);
    await dying.ask(`sip||\r\n${INVITE}`);
    (await edge.endpoint.sentRequest(0)).answer(200);
    await dying.sip("SIP/2.0 200");
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 1 ? true : undefined));
    await other.ask(`sip||\r\n${ACK}`);
    edge.advance(600);
    await other.ask("ping");
    await new Promise((resolve) => setImmediate(resolve));
    expect(edge.endpoint.requests).toHaveLength(1);
    expect(edge.endpoint.acks).toHaveLength(1);
  });

  const unacknowledged = async (edge: EdgeRig): Promise<RawApp> => {
    const worker = await RawApp.login(edge.address, OCTETS);
    await worker.ask(`sip||\r\n${INVITE}`);
    (await edge.endpoint.sentRequest(0)).answer(200);
    await worker.sip("SIP/2.0 200");
    return worker;
  };

  test("no ACK here, and no worker for as long as the peer repeats its 2xx: it may have its ACK by another edge, and talks on", async () => {
    await using edge = await startEdge({ settings: { orphanAckMs: 500 } });
    const dying = await unacknowledged(edge);
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 0 ? true : undefined));
    for (const ms of [600, 33_000]) {
      edge.advance(ms);
      await sweeps();
    }
    expect([edge.endpoint.requests.length, edge.endpoint.acks.length]).toEqual([1, 0]);
  });

  test("no ACK here, and the edge closes: the peer may have its ACK by another edge, and talks on", async () => {
    await using edge = await startEdge();
    await unacknowledged(edge);
    await edge.server.close();
    expect([edge.endpoint.requests.length, edge.endpoint.acks.length]).toEqual([1, 0]);
  });

  test("the edge closes: what its workers have under way is not cancelled, they go on with it by another edge", async () => {
    await using edge = await startEdge();
    const worker = await RawApp.login(edge.address, OCTETS);
    await worker.ask(branched);
    const call = await edge.endpoint.sentRequest(0);
    await edge.server.close();
    expect(call.cancelled).toBeNull();
  });

  test("the edge closes: what a lost worker left is cancelled", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask(branched);
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 0 ? true : undefined));
    const call = await edge.endpoint.sentRequest(0);
    await edge.server.close();
    expect(call.cancelled).not.toBeNull();
  });

  test.each([180, 200])("%d to a re-INVITE after its worker died: the call is not ended", async (status) => {
    await using edge = await startEdge({ settings: { orphanAckMs: 500 } });
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask(`sip||\r\n${INVITE.replace("<sip:b@y>", "<sip:b@y>;tag=peer-tag")}`);
    dying.socket.destroy();
    const call = await edge.endpoint.sentRequest(0);
    await edge.endpoint.until(() => call.cancelled ?? undefined);
    call.answer(status);
    edge.advance(33_000);
    await sweeps();
    expect([edge.endpoint.requests.length, edge.endpoint.acks.length]).toEqual([1, 0]);
  });

  test("answered, not acknowledged here: another worker is given the answer, for only the call's record knows", async () => {
    await using edge = await startEdge({ settings: { orphanAckMs: 500 } });
    const dying = await RawApp.login(edge.address, OCTETS);
    const other = await RawApp.login(edge.address, OCTETS);
    await dying.ask(`sip||\r\n${INVITE}`);
    (await edge.endpoint.sentRequest(0)).answer(200);
    await dying.sip("SIP/2.0 200");
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 1 ? true : undefined));
    edge.advance(600);
    expect((await other.sip("SIP/2.0 200")).tokens.slice(8)).toEqual(["orphan-answer", "", "told"]);
    edge.advance(60_000);
    expect([edge.endpoint.requests.length, edge.endpoint.acks.length]).toEqual([1, 0]);
  });

  // RFC 3261 §13.3.1.4: a 2xx is repeated until its ACK comes.
  const orphan = async (worker: RawApp): Promise<string | undefined> => {
    const { tokens } = await worker.sip("SIP/2.0 200");
    expect(tokens[8]).toBe("orphan-answer");
    return tokens[10];
  };

  test("answered and told, and the peer repeats its 2xx before another worker is given it: it has no ACK from anybody", async () => {
    await using edge = await startEdge({ settings: { orphanAckMs: 500 } });
    const dying = await unacknowledged(edge);
    const other = await RawApp.login(edge.address, OCTETS);
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 1 ? true : undefined));
    (await edge.endpoint.sentRequest(0)).answerAgain();
    edge.advance(600);
    expect(await orphan(other)).toBe("");
    expect([edge.endpoint.requests.length, edge.endpoint.acks.length]).toEqual([1, 0]);
  });

  test("answered and told, and the peer repeats its 2xx after another worker was given it: it is given it again", async () => {
    await using edge = await startEdge({ settings: { orphanAckMs: 500 } });
    const dying = await unacknowledged(edge);
    const other = await RawApp.login(edge.address, OCTETS);
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 1 ? true : undefined));
    edge.advance(600);
    expect(await orphan(other)).toBe("told");
    (await edge.endpoint.sentRequest(0)).answerAgain();
    expect(await orphan(other)).toBe("");
    expect([edge.endpoint.requests.length, edge.endpoint.acks.length]).toEqual([1, 0]);
  });

  test("the peer repeats its 2xx, and the worker lives: it is given it every time, for its ACK by another edge did not arrive, and nobody else is", async () => {
    await using edge = await startEdge({ settings: { orphanAckMs: 500 } });
    const worker = await unacknowledged(edge);
    const other = await RawApp.login(edge.address, OCTETS);
    const call = await edge.endpoint.sentRequest(0);
    for (let times = 0; times < 2; times += 1) {
      call.answerAgain();
      expect(await orphan(worker)).toBe("told");
    }
    edge.advance(600);
    await sweeps();
    await Promise.all([worker.ask("ping"), other.ask("ping")]);
    expect(other.frames.filter(({ tokens }) => tokens[8] === "orphan-answer")).toEqual([]);
  });

  test("acknowledged: nothing happens", async () => {
    await using edge = await startEdge({ settings: { orphanAckMs: 0 } });
    const dying = await RawApp.login(edge.address, OCTETS);
    const other = await RawApp.login(edge.address, OCTETS);
    await dying.ask(`sip||\r\n${INVITE}`);
    (await edge.endpoint.sentRequest(0)).answer(200);
    await dying.sip("SIP/2.0 200");
    await dying.ask(`sip||\r\n${ACK}`);
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 1 ? true : undefined));
    edge.advance(60_000);
    await other.end();
    expect(edge.endpoint.requests).toHaveLength(1);
  });

  test.each([
    ["the next hop lives", [100], ["SIP/2.0 100"]],
    ["ringing", [180], ["SIP/2.0 180"]],
    ["answered while nobody was there", [180, 200], ["SIP/2.0 200"]],
    ["refused while nobody was there", [486], ["SIP/2.0 486"]],
  ] as const)("%s, with a branch of its own: whoever sends it again goes on with it", async (_what, statuses, told) => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask(branched);
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 0 ? true : undefined));
    const call = await edge.endpoint.sentRequest(0);
    for (const status of statuses) {
      if (status === 100) call.trying();
      else call.answer(status);
    }
    const other = await RawApp.login(edge.address, OCTETS);
    await other.ask(branched);
    for (const line of told) await other.sip(line);
    expect(edge.endpoint.requests).toHaveLength(1);
    expect(call.cancelled).toBeNull();
    expect(edge.server.stats().orphans.taken).toBe(1);
  });

  test.each([
    ["nothing came before", []],
    ["it rang before", [180]],
  ] as const)("failed while nobody was there, %s: whoever sends it again is told at once", async (_what, statuses) => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask(branched);
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 0 ? true : undefined));
    const call = await edge.endpoint.sentRequest(0);
    for (const status of statuses) call.answer(status);
    call.fail("timeout");
    const other = await RawApp.login(edge.address, OCTETS);
    await other.ask(branched);
    await other.sip("SIP/2.0 408");
    await other.ask("ping");
    expect([other.frames, edge.endpoint.requests.length, edge.server.stats().waiting.outgoing]).toEqual([[], 1, 0]);
  });

  test.each([
    ["nothing", []],
    ["a 100", [100]],
    ["a 180", [100, 180]],
  ] as const)(
    "with a branch of its own, and another sends it again before it died, after %s: nothing is sent, that one hears on, and the first no more",
    async (_what, statuses) => {
      await using edge = await startEdge();
      const first = await RawApp.login(edge.address, OCTETS);
      await first.ask(branched);
      const call = await edge.endpoint.sentRequest(0);
      for (const status of statuses) {
        if (status === 100) call.trying();
        else call.answer(status);
        await first.sip(`SIP/2.0 ${status}`);
      }
      const other = await RawApp.login(edge.address, OCTETS);
      await other.ask(branched);
      for (const status of statuses.slice(-1)) await other.sip(`SIP/2.0 ${status}`);
      expect((await first.sip("SIP/2.0 503")).text.split("\r\n")[0]).toBe("SIP/2.0 503 superseded");
      call.answer(200);
      await other.sip("SIP/2.0 200");
      first.socket.destroy();
      await edge.endpoint.until(() => (edge.server.stats().applications === 1 ? true : undefined));
      await other.ask("ping");
      expect([first.frames, other.frames, edge.endpoint.requests.length]).toEqual([[], [], 1]);
      expect([call.cancelled, edge.server.stats().waiting.outgoing]).toEqual([null, 0]);
    },
  );

  test("with a branch of its own, and nobody goes on with it in time: it is cancelled", async () => {
    await using edge = await startEdge({ settings: { holdMs: 500 } });
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask(branched);
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 0 ? true : undefined));
    const call = await edge.endpoint.sentRequest(0);
    expect(call.cancelled).toBeNull();
    edge.advance(600);
    await edge.endpoint.until(() => call.cancelled ?? undefined);
    expect(call.cancelled).toEqual([["Reason", 'SIP;cause=503;text="Application lost"']]);
  });

  test("a pending request other than INVITE is left to its timers, its answer dropped", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask("sip||\r\nOPTIONS sip:b@198.51.100.9 SIP/2.0\r\nCall-ID: k1\r\nCSeq: 1 OPTIONS\r\n\r\n");
    dying.socket.destroy();
    await edge.endpoint.until(() => (edge.server.stats().applications === 0 ? true : undefined));
    const call = await edge.endpoint.sentRequest(0);
    call.answer(200);
    expect(call.cancelled).toBeNull();
    expect(edge.server.stats().waiting.outgoing).toBe(0);
  });
});
