import { describe, expect, test } from "vitest";
import { startEdge, type EdgeRig } from "./support/edge-rig.ts";
import { ACK, branched, INVITE, sweeps } from "./support/lost-worker.ts";
import { OCTETS, RawApp } from "./support/raw-app.ts";

/** A worker whose INVITE was answered, and not acknowledged yet. */
async function unacknowledged(edge: EdgeRig): Promise<RawApp> {
  const worker = await RawApp.login(edge.address, OCTETS);
  await worker.ask(`sip||\r\n${INVITE}`);
  (await edge.endpoint.sentRequest(0)).answer(200);
  await worker.sip("SIP/2.0 200");
  return worker;
}

/** The worker that is left when such a one has died. */
async function successor(edge: EdgeRig): Promise<RawApp> {
  const dying = await unacknowledged(edge);
  const other = await RawApp.login(edge.address, OCTETS);
  dying.socket.destroy();
  await edge.hasApplications(1);
  return other;
}

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
    const other = await successor(edge);
    await other.ask(`sip||\r\n${ACK}`);
    edge.advance(600);
    await other.ask("ping");
    await new Promise((resolve) => setImmediate(resolve));
    expect(edge.endpoint.requests).toHaveLength(1);
    expect(edge.endpoint.acks).toHaveLength(1);
  });

  test("no ACK here, and no worker for as long as the peer repeats its 2xx: it may have its ACK by another edge, and talks on", async () => {
    await using edge = await startEdge({ settings: { orphanAckMs: 500 } });
    const dying = await unacknowledged(edge);
    dying.socket.destroy();
    await edge.hasApplications(0);
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
    await edge.hasApplications(0);
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
    const other = await successor(edge);
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
    const other = await successor(edge);
    (await edge.endpoint.sentRequest(0)).answerAgain();
    edge.advance(600);
    expect(await orphan(other)).toBe("");
    expect([edge.endpoint.requests.length, edge.endpoint.acks.length]).toEqual([1, 0]);
  });

  test("answered and told, and the peer repeats its 2xx after another worker was given it: it is given it again", async () => {
    await using edge = await startEdge({ settings: { orphanAckMs: 500 } });
    const other = await successor(edge);
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
    const dying = await unacknowledged(edge);
    const other = await RawApp.login(edge.address, OCTETS);
    await dying.ask(`sip||\r\n${ACK}`);
    dying.socket.destroy();
    await edge.hasApplications(1);
    edge.advance(60_000);
    await other.end();
    expect(edge.endpoint.requests).toHaveLength(1);
  });

  test("a pending request other than INVITE is left to its timers, its answer dropped", async () => {
    await using edge = await startEdge();
    const dying = await RawApp.login(edge.address, OCTETS);
    await dying.ask("sip||\r\nOPTIONS sip:b@198.51.100.9 SIP/2.0\r\nCall-ID: k1\r\nCSeq: 1 OPTIONS\r\n\r\n");
    dying.socket.destroy();
    await edge.hasApplications(0);
    const call = await edge.endpoint.sentRequest(0);
    call.answer(200);
    expect(call.cancelled).toBeNull();
    expect(edge.server.stats().waiting.outgoing).toBe(0);
  });
});
