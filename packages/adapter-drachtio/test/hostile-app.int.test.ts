import { describe, expect, test } from "vitest";
import { startEdge } from "./support/edge-rig.ts";
import { RawApp } from "./support/raw-app.ts";

describe("authentication", () => {
  test("a good secret is answered with addresses and version", async () => {
    await using edge = await startEdge();
    const app = await RawApp.connect(edge.address);
    const reply = await app.ask("authenticate|s3cret|blue,green");
    expect(reply.tokens.slice(3)).toEqual([
      "OK",
      "udp/192.0.2.1:5060,tcp/192.0.2.1:5070",
      expect.stringMatching(
        /^v0\.9\.10-tandem;edge=e1;pool=east;listeners=;instance=[\da-f-]{36};sent-by=outside@192\.0\.2\.1:5060,inside@192\.0\.2\.1:5070;adopts;holds;hears-acks$/,
      ),
      "udp/192.0.2.1:5060,tcp/192.0.2.1:5070",
    ]);
  });

  test("a wrong secret is refused and the connection closed", async () => {
    await using edge = await startEdge();
    const app = await RawApp.connect(edge.address);
    const reply = await app.ask("authenticate|s3cre|");
    expect(reply.tokens.slice(3)).toEqual(["NO", "incorrect secret"]);
    await app.end();
    expect(edge.changes).toEqual(["wrong-secret"]);
  });

  test.each([
    ["route", "route|invite"],
    ["ping", "ping"],
    ["a SIP request", "sip||\r\nINVITE sip:a@198.51.100.9 SIP/2.0\r\n\r\n"],
    ["a SIP response", "sip|s1|\r\nSIP/2.0 200 OK\r\n\r\n"],
    ["proxy", "proxy|s1||||serial|||sip:a\r\n"],
    ["an unknown type", "hello"],
  ])("before it, %s is refused and the connection closed", async (_name, frame) => {
    await using edge = await startEdge();
    const app = await RawApp.connect(edge.address);
    const reply = await app.ask(frame);
    expect(reply.tokens[3]).toBe("NO");
    await app.end();
    expect(edge.changes).toEqual(["unauthenticated"]);
    expect(edge.endpoint.requests).toEqual([]);
  });

  test("an application that never authenticates is dropped", async () => {
    await using edge = await startEdge();
    const app = await RawApp.connect(edge.address);
    edge.advance(5_001);
    await app.end();
    expect(edge.changes).toEqual(["auth-timeout"]);
  });

  test("half an authenticate frame, then silence, is dropped too", async () => {
    await using edge = await startEdge();
    const app = await RawApp.connect(edge.address);
    app.socket.write("60#a1|authen");
    edge.advance(5_001);
    await app.end();
    expect(edge.changes).toEqual(["auth-timeout"]);
  });

  test("connections above the bound are refused", async () => {
    await using edge = await startEdge({ settings: { maxSessions: 1 } });
    await RawApp.login(edge.address);
    const second = await RawApp.connect(edge.address);
    await second.end();
    expect(edge.server.stats().applications).toBe(1);
  });
});

describe("an authenticated application that misbehaves", () => {
  test.each([
    ["garbage instead of a length", "garbage", "bad-length"],
    ["a frame above the bound", "1048577#", "frame-too-large"],
    ["an unknown frame type", "8#a9|dance", "malformed"],
    ["a frame without tokens", "5#hello", "malformed"],
    ["a second authenticate", "23#a9|authenticate|s3cret|", "malformed"],
  ])("%s: NO, then the end of the connection", async (_name, bytes, loss) => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address);
    app.socket.write(bytes);
    await app.end();
    expect(edge.changes).toEqual(["ready", loss]);
    expect(app.frames.at(-1)?.tokens[3]).toBe("NO");
  });

  test.each([
    ["a broken status line", "SIP/2.0 banana\r\n\r\n"],
    ["a status out of range", "SIP/2.0 999 Much\r\nFrom: x\r\n\r\n"],
    ["no end of headers", "SIP/2.0 200 OK\r\n"],
    ["a broken request line", "INVITE\r\n\r\n"],
    ["a header line without a name", "INVITE sip:a@b SIP/2.0\r\n: x\r\n\r\n"],
  ])("%s gets NOK, and the connection goes on", async (_name, text) => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, { verbs: ["invite"] });
    edge.endpoint.receive("INVITE");
    const offered = await app.sip("INVITE");
    const id = text.startsWith("SIP") ? offered.tokens[8] : "";
    expect((await app.ask(`sip|${id}|\r\n${text}`)).tokens[3]).toBe("NOK");
    expect((await app.ask("ping")).tokens.slice(3)).toEqual(["OK", "pong"]);
  });

  test("a response to nothing gets drachtio-server's words", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address);
    const reply = await app.ask("sip|nonsense|\r\nSIP/2.0 200 OK\r\n\r\n");
    expect(reply.tokens.slice(3)).toEqual(["NOK", "Response not sent due to unknown transaction"]);
  });

  test("a frame larger than a segment and larger than drachtio-server's 12 kB passes", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, { verbs: ["invite"] });
    const body = `v=0\r\n${"a=x\r\n".repeat(40_000)}`;
    app.send(`sip||\r\nINVITE sip:a@198.51.100.9 SIP/2.0\r\n\r\n${body}`);
    const sent = await edge.endpoint.sentRequest(0);
    expect(sent.out.message.body).toBe(body);
  });

  test("a burst of 2 000 frames of 5 kB is answered in full", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address);
    const padding = "x".repeat(5_000);
    const ids = Array.from({ length: 2_000 }, () =>
      app.send(`sip||\r\nACK sip:a@198.51.100.9 SIP/2.0\r\nX-Pad: ${padding}\r\n\r\n`),
    );
    const last = await app.expect((frame) => frame.tokens[2] === ids.at(-1));
    expect(last.tokens[3]).toBe("OK");
    expect(edge.endpoint.acks).toHaveLength(2_000);
  });
});

describe("an application that does not read", () => {
  const limits = { maxPendingOctets: 4_000_000, congestedOctets: 1_000_000 };

  test("is dropped past the bound, and its requests go to another", async () => {
    await using edge = await startEdge({ settings: { session: limits } });
    const stalled = await RawApp.login(edge.address, { verbs: ["message"] });
    stalled.socket.pause();
    const body = "x".repeat(60_000);
    let sent = 0;
    // The system's own buffers take the first megabytes; the writer's bound comes after.
    while (!edge.changes.includes("stalled") && sent < 2_000) {
      edge.endpoint.receive("MESSAGE", { callId: `m${sent}`, body });
      sent += 1;
      if (sent % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(edge.changes).toEqual(["ready", "stalled"]);
    expect(edge.server.stats().waiting.incoming).toBe(0);
    expect(edge.server.stats().ownAnswers).toEqual([{ reason: "no-application", method: "MESSAGE", count: sent }]);
  });

  test("with another application connected, its requests are offered there", async () => {
    await using edge = await startEdge({ settings: { session: { stalledMs: 1_000 } } });
    const stalled = await RawApp.login(edge.address, { verbs: ["message"] });
    stalled.socket.pause();
    const body = "x".repeat(60_000);
    for (let sent = 0; sent < 300; sent += 1) edge.endpoint.receive("MESSAGE", { callId: `m${sent}`, body });
    const other = await RawApp.login(edge.address, { verbs: ["message"] });
    edge.advance(2_000);
    await other.until(() => (other.frames.length === 300 ? true : undefined));
    expect(edge.server.stats().redelivered).toBe(300);
  });

  test("is not read either: its own requests wait", async () => {
    await using edge = await startEdge({ settings: { session: limits } });
    const app = await RawApp.login(edge.address, { verbs: ["message"] });
    app.socket.pause();
    const body = "x".repeat(60_000);
    const ack = `sip||\r\nACK sip:a@198.51.100.9 SIP/2.0\r\nContent-Type: text/plain\r\n\r\n${"y".repeat(50_000)}`;
    let sent = 0;
    // Answers to what it sends fill its side until the edge stops reading.
    for (; sent < 400; sent += 1) {
      app.send(ack);
      if (sent % 4 === 0 && sent < 60) edge.endpoint.receive("MESSAGE", { callId: `m${sent}`, body });
      await new Promise((resolve) => setImmediate(resolve));
    }
    const taken = edge.endpoint.acks.length;
    expect(taken).toBeLessThan(400);
    expect(edge.changes).toEqual(["ready"]);
    app.socket.resume();
    await edge.endpoint.until(() => (edge.endpoint.acks.length === 400 ? true : undefined), 15_000);
  });

  test("a client with octets that falls silent is dropped", async () => {
    await using edge = await startEdge();
    const app = await RawApp.login(edge.address, { tags: "octets", verbs: ["*"] });
    edge.advance(20_001);
    await app.end();
    expect(edge.changes).toEqual(["ready", "silent"]);
  });
});
