import { describe, expect, test } from "vitest";
import { startEdge, type EdgeRig } from "./support/edge-rig.ts";
import { RawApp } from "./support/raw-app.ts";

/** What only time or a broken network shows of an application without `octets`; the rest is in contract/. */
async function calling(edge: EdgeRig, app: RawApp): Promise<string> {
  const id = app.send(
    "sip||\r\nINVITE sip:b@198.51.100.9 SIP/2.0\r\nFrom: <sip:a@localhost>;tag=1\r\nCall-ID: k1\r\nCSeq: 7 INVITE\r\n\r\n",
  );
  (await edge.endpoint.sentRequest(0)).sent();
  const reply = await app.expect((frame) => frame.tokens[2] === id);
  expect(reply.tokens.slice(3, 5)).toEqual(["OK", "application"]);
  return reply.tokens[10] ?? "";
}

describe("a request that gets no response", () => {
  test.each([
    ["timeout", 408],
    ["transport", 503],
    ["tls", 503],
    ["unresolved", 503],
  ] as const)("%s after it was sent: a response of no bytes with the request's headers", async (reason, status) => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address);
    const transactionId = await calling(edge, app);
    (await edge.endpoint.sentRequest(0)).fail(reason);
    const frame = await app.sip(`SIP/2.0 ${status}`);
    expect(frame.tokens.slice(2, 7)).toEqual(["network", "0", "", "", "0"]);
    expect([frame.tokens[8], frame.tokens[9]]).toEqual([transactionId, "k1;tag=1"]);
    expect(frame.text).toContain("\r\nCall-ID: k1\r\n");
    expect(frame.text).toContain("\r\nCSeq: 7 INVITE\r\n");
  });

  test("unresolved before it was sent: first the reply with Call-ID and tag, then the response", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address);
    const id = app.send("sip||\r\nOPTIONS sip:b@nowhere.invalid SIP/2.0\r\n\r\n");
    (await edge.endpoint.sentRequest(0)).fail("unresolved");
    const reply = await app.expect((frame) => frame.tokens[2] === id);
    expect(reply.tokens[3]).toBe("OK");
    expect(reply.text).toMatch(/\r\nCall-ID: .+\r\n/);
    const response = await app.sip("SIP/2.0 503");
    expect(response.tokens[8]).toBe(reply.tokens[10]);
  });

  test.each([
    ["no-listener", "requested protocol/transport not available"],
    ["bad-next-hop", "invalid request-uri: as the test wants"],
  ] as const)("%s: NOK", async (reason, text) => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address);
    const id = app.send("sip||\r\nOPTIONS sip:b@198.51.100.9 SIP/2.0\r\n\r\n");
    (await edge.endpoint.sentRequest(0)).fail(reason);
    const reply = await app.expect((frame) => frame.tokens[2] === id);
    expect(reply.tokens.slice(3)).toEqual(["NOK", text]);
  });

  test("one reply although several addresses were tried", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address);
    await calling(edge, app);
    const call = await edge.endpoint.sentRequest(0);
    call.sent(2);
    call.answer(486);
    await app.sip("SIP/2.0 486");
    expect(app.frames).toEqual([]);
  });
});

describe("a missing ACK", () => {
  test("the edge sends the BYE and reports it as unsolicited", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, { verbs: ["invite"] });
    const invite = edge.endpoint.receive("INVITE");
    await app.sip("INVITE");
    const reply = await app.ask("sip|s1|\r\nSIP/2.0 200 OK\r\n\r\n");
    edge.endpoint.ackTimeout(invite);
    const bye = await edge.endpoint.sentRequest(0);
    expect([bye.method, bye.out.message.get("Reason")]).toEqual(["BYE", 'SIP;cause=200;text="ACK timeout"']);
    bye.sent();
    const frame = await app.sip("BYE");
    expect([frame.tokens[2], frame.tokens[8], frame.tokens[9]]).toEqual([
      "application",
      "unsolicited",
      reply.tokens[11],
    ]);
  });
});

describe("the soft dialog table", () => {
  test("is bounded: the longest unused dialog is forgotten, and sending in it fails as unknown", async () => {
    await using edge = await startEdge({ settings: { maxDialogs: 2 } });
    const app = await RawApp.login(edge.address, { verbs: ["invite"] });
    const dialogs: string[] = [];
    for (const callId of ["c1", "c2", "c3"]) {
      const invite = edge.endpoint.receive("INVITE", { callId });
      await app.sip("INVITE");
      const reply = await app.ask(`sip|${invite.id}|\r\nSIP/2.0 200 OK\r\n\r\n`);
      dialogs.push(reply.tokens[11] ?? "");
      if (callId === "c2") app.send(`sip||${dialogs[0]}\r\nINFO sip:placeholder SIP/2.0\r\n\r\n`);
    }
    // The first was used meanwhile, so the second went.
    const forgotten = await app.ask(`sip||${dialogs[1]}\r\nINFO sip:placeholder SIP/2.0\r\n\r\n`);
    expect(forgotten.tokens.slice(3)).toEqual(["NOK", "Server error: unable to find dialog for dialog id provided"]);
    expect(edge.endpoint.requests.map(({ callId }) => callId)).toEqual(["c1"]);
    // A request of the peer in the forgotten dialog still arrives.
    edge.endpoint.receive("INFO", { callId: "c2", toTag: dialogs[1]?.split(";tag=")[1] ?? "" });
    await app.sip("INFO");
  });

  test("a peer behind a NAT is reached where its INVITE came from", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, { verbs: ["invite"] });
    edge.endpoint.receive("INVITE", { source: { address: "203.0.113.99", port: 40_000 } });
    await app.sip("INVITE");
    const reply = await app.ask("sip|s1|\r\nSIP/2.0 200 OK\r\n\r\n");
    app.send(`sip||${reply.tokens[11]}\r\nBYE sip:placeholder SIP/2.0\r\n\r\n`);
    const bye = await edge.endpoint.sentRequest(0);
    expect([bye.out.nextHop, bye.out.message.uri]).toEqual([
      "sip:203.0.113.99:40000;transport=udp",
      "sip:caller@198.51.100.7:5062",
    ]);
  });

  test("a request with the Call-ID of a known dialog goes inside it", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, { verbs: ["invite"] });
    edge.endpoint.receive("INVITE");
    await app.sip("INVITE");
    await app.ask("sip|s1|\r\nSIP/2.0 200 OK\r\nTo: <sip:x>;tag=ours\r\n\r\n");
    app.send("sip||\r\nINFO sip:anything@else SIP/2.0\r\nCall-ID: call-1\r\nFrom: <sip:z>;tag=9\r\n\r\n");
    const info = await edge.endpoint.sentRequest(0);
    expect([info.out.message.uri, info.out.message.get("From")]).toEqual([
      "sip:caller@198.51.100.7:5062",
      "<sip:service@192.0.2.1>;tag=ours",
    ]);
  });

  test("an ACK that is not due is refused: those to refusals are the server's", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address);
    await calling(edge, app);
    (await edge.endpoint.sentRequest(0)).answer(486);
    const { tokens } = await app.sip("SIP/2.0 486");
    const reply = await app.ask(`sip||${tokens[9]}\r\nACK sip:b@198.51.100.9 SIP/2.0\r\n\r\n`);
    expect(reply.tokens.slice(3)).toEqual([
      "NOK",
      "Server error: ACK for non-success final response is automatically generated by server",
    ]);
    expect(edge.endpoint.acks).toEqual([]);
  });
});

describe("proxy", () => {
  test.each([
    ["an unknown transaction", "nonsense", "70", "Unknown transaction id: nonsense"],
    ["no hops left", "s1", "0", "Rejected with 483 Too Many Hops due to Max-Forwards value of 0"],
  ])("%s is refused", async (_name, id, maxForwards, text) => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, { verbs: ["options"] });
    edge.endpoint.receive("OPTIONS", { maxForwards });
    await app.sip("OPTIONS");
    const reply = await app.ask(`proxy|${id}||fullResponse||serial|||sip:b@198.51.100.9\r\n`);
    expect(reply.tokens.slice(3)).toEqual(["NOK", text]);
    expect(edge.endpoint.requests).toEqual([]);
  });

  test("without fullResponse the application hears `done` at once", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, { verbs: ["options"] });
    const request = edge.endpoint.receive("OPTIONS");
    await app.sip("OPTIONS");
    const reply = await app.ask("proxy|s1||||serial|||sip:b@198.51.100.9\r\n");
    expect(reply.tokens.slice(3)).toEqual(["OK", "done"]);
    (await edge.endpoint.sentRequest(0)).answer(200);
    expect(request.responses.map((each) => each.status)).toEqual([200]);
  });

  test("the application's death does not touch what it handed over", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, { verbs: ["invite"] });
    const other = await RawApp.login(edge.address, { verbs: ["invite"] });
    const invite = edge.endpoint.receive("INVITE");
    const asked = await edge.endpoint.until(() => [app, other].find((each) => each.frames.length > 0));
    await asked.ask("proxy|s1||||serial|||sip:b@198.51.100.9\r\n");
    asked.socket.destroy();
    await edge.hasApplications(1);
    (await edge.endpoint.sentRequest(0)).answer(200);
    expect(invite.responses.map((each) => each.status)).toEqual([200]);
    expect(edge.server.stats().redelivered).toBe(0);
  });

  test("redirections are followed when asked for, a 503 of the last target becomes 500", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, { verbs: ["invite"] });
    const invite = edge.endpoint.receive("INVITE");
    await app.sip("INVITE");
    app.send("proxy|s1||fullResponse|followRedirects|serial|||sip:b@198.51.100.9\r\n");
    (await edge.endpoint.sentRequest(0)).answer(302, { headers: [["Contact", "<sip:c@198.51.100.10>"]] });
    const second = await edge.endpoint.sentRequest(1);
    expect(second.out.message.uri).toBe("sip:c@198.51.100.10");
    second.fail("transport");
    await edge.endpoint.until(() => (invite.answered ? true : undefined));
    expect(invite.responses.map((each) => each.status)).toEqual([500]);
  });

  test("an answer that comes after the caller gave up is acknowledged and ended", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, { verbs: ["invite"] });
    const invite = edge.endpoint.receive("INVITE");
    await app.sip("INVITE");
    await app.ask("proxy|s1||||serial|||sip:b@198.51.100.9\r\n");
    edge.endpoint.receiveCancel(invite);
    const branch = await edge.endpoint.sentRequest(0);
    expect(branch.cancelled).toEqual([]);
    branch.answer(200);
    const bye = await edge.endpoint.sentRequest(1);
    expect([bye.method, edge.endpoint.acks.length]).toEqual(["BYE", 1]);
  });
});
