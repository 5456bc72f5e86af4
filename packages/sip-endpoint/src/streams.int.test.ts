import { describe, expect, it } from "vitest";
import { loopback, run, type Running } from "../test/running-endpoint.ts";
import { requestText } from "../test/sip-texts.ts";
import { StreamPeer } from "../test/stream-peer.ts";
import { waitUntil } from "../test/wait-until.ts";
import { createEndpoint } from "./create-endpoint.ts";
import { OPTIONS, closeServersAfterEach, serve, tcp } from "../test/tcp-servers.ts";

/** We hear of a closed connection after the peer that closed it, or that saw us close it. */
const connectionGone = (us: Running): Promise<void> =>
  waitUntil("the connection gone", () => us.endpoint.stats().connections.tcp === 0);

closeServersAfterEach();

describe("a TCP peer that connects to us", () => {
  it("gets the response on its connection, whatever Via says", async () => {
    const { us, peer } = await tcp();
    peer.send(OPTIONS);
    await peer.got(1);
    expect(peer.startLines).toEqual(["SIP/2.0 200 OK"]);
    expect(us.user.requests[0]?.request.source).toMatchObject({
      transport: "tcp",
      address: "127.0.0.1",
      port: peer.socket.localPort,
      localPort: us.at("tcp").port,
      identities: [],
    });
  });

  it("may send the same INVITE with another branch once its connection is gone (RFC 3263 §4.3), and as a fork not before (RFC 3261 §8.2.2.2)", async () => {
    const us = await run([loopback("tcp", "tcp")]);
    const [first, fork, next] = ["first", "fork", "next"].map((branch) =>
      requestText({ via: "SIP/2.0/TCP 127.0.0.1:5060", branch: `z9hG4bK${branch}` }),
    );
    const peer = await StreamPeer.connect(us.at("tcp").port);
    peer.send(`${first}${fork}`);
    await waitUntil("an answer to both", () => peer.startLines.length >= 2);
    expect(peer.startLines).toContain("SIP/2.0 482 Merged Request");
    peer.socket.destroy();
    await connectionGone(us);
    const again = await StreamPeer.connect(us.at("tcp").port);
    again.send(next ?? "");
    await again.got(1);
    expect(us.user.requests).toHaveLength(2);
    expect(again.startLines).toEqual(["SIP/2.0 100 Trying"]);
  });

  it("may send byte by byte", async () => {
    const { us, peer } = await tcp();
    for (const byte of OPTIONS) peer.send(byte);
    await peer.got(1);
    expect(us.user.requests[0]?.request.text).toBe(OPTIONS);
  });

  it("may send several messages in one piece", async () => {
    const { us, peer } = await tcp();
    const texts = ["1", "2", "3"].map((id) => OPTIONS.replace("call-1", `call-${id}`).replace("peer1", `peer${id}`));
    peer.send(texts.join(""));
    await peer.got(3);
    expect(us.user.requests.map(({ request }) => request.message.get("Call-ID"))).toEqual([
      "call-1",
      "call-2",
      "call-3",
    ]);
  });

  it("gets a CRLF for a double CRLF", async () => {
    const { us, peer } = await tcp();
    peer.send("\r\n\r\n");
    await waitUntil("a pong", () => peer.text === "\r\n");
    expect(us.endpoint.stats().keepAlives).toBe(1);
  });

  const refused: readonly [string, string, string | undefined][] = [
    ["no Content-Length", OPTIONS.replace("Content-Length: 0\r\n", ""), "400 Missing Content-Length"],
    ["a bad Content-Length", OPTIONS.replace("Content-Length: 0", "Content-Length: x"), "400 Bad Content-Length"],
    [
      "a message over the limit",
      OPTIONS.replace("Content-Length: 0", "Content-Length: 99999"),
      "513 Message Too Large",
    ],
    ["another protocol", "GET / HTTP/1.1\r\n\r\n", undefined],
    ["an endless header", `${OPTIONS.slice(0, 60)}${"x".repeat(80_000)}`, undefined],
  ];
  it.each(refused)("is cut off after %s, with an answer if that is possible", async (_fact, text, answer) => {
    const { us, peer } = await tcp();
    peer.send(text);
    await peer.gone();
    expect(peer.startLines).toEqual(answer === undefined ? [] : [`SIP/2.0 ${answer}`]);
    expect(us.user.requests).toEqual([]);
    const { discarded } = us.endpoint.stats();
    expect(discarded.oversize + discarded["stream-garbage"]).toBe(1);
    await connectionGone(us);
  });

  it("keeps its connection after a bad message whose end is known", async () => {
    const { us, peer } = await tcp();
    peer.send(OPTIONS.replace("CSeq: 1 OPTIONS", "CSeq: 1 BYE") + OPTIONS);
    await peer.got(2);
    expect(peer.startLines.map((line) => line.slice(0, 11))).toEqual(["SIP/2.0 400", "SIP/2.0 200"]);
    expect(us.user.requests).toHaveLength(1);
  });

  it("is cut off when a message stays unfinished", async () => {
    const { us, peer } = await tcp({ partialMessageMs: 1_000 });
    peer.send(OPTIONS.slice(0, 100));
    await peer.gone();
    expect(us.endpoint.stats().discarded["stream-timeout"]).toBe(1);
  });

  it("is cut off when it says nothing at first", async () => {
    const { us, peer } = await tcp({ firstMessageMs: 1_000 });
    await peer.gone();
    expect(us.endpoint.stats().discarded["stream-timeout"]).toBe(1);
  });

  it("loses an idle connection", async () => {
    const { us, peer } = await tcp({ idleMs: 1_000 });
    peer.send(OPTIONS);
    await peer.got(1);
    await peer.gone();
    await connectionGone(us);
  });

  it("is refused when there are too many", async () => {
    const { us, peer } = await tcp({ connections: 1 });
    peer.send(OPTIONS);
    await peer.got(1);
    const second = await StreamPeer.connect(us.at("tcp").port);
    await second.gone();
    expect(us.endpoint.stats().discarded["connection-limit"]).toBe(1);
  });

  it("is given up when it does not read", async () => {
    const { us, peer } = await tcp({ sendQueueBytes: 50_000 });
    peer.socket.pause();
    const header = ["X-Filler", "x".repeat(4_000)] as const;
    us.user.answer = () => us.user.respond(200, { headers: [header] });
    for (let index = 0; !peer.closed && index < 4_000; index++) {
      peer.send(OPTIONS.replace("peer1", `peer${index}`).replace("call-1", `call-${index}`));
      if (us.endpoint.stats().discarded["slow-reader"] > 0) break;
      if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await waitUntil("the reader is given up", () => us.endpoint.stats().discarded["slow-reader"] > 0);
  });

  it("that closed gets the response on a new connection to its sent-by", async () => {
    const server = await serve();
    const us = await run([loopback("tcp", "tcp")]);
    const peer = await StreamPeer.connect(us.at("tcp").port);
    peer.send(requestText({ via: `SIP/2.0/TCP 127.0.0.1:${server.port}` }));
    await peer.got(1);
    peer.socket.destroy();
    await waitUntil("the loss is noticed", () => us.endpoint.stats().connections.tcp === 0);
    us.user.respond(486);
    const back = await server.peer();
    await back.got(1);
    expect(back.startLines).toEqual(["SIP/2.0 486 Busy Here"]);
  });

  it("that closed and cannot be reached: the user is told", async () => {
    const us = await run([loopback("tcp", "tcp")]);
    const peer = await StreamPeer.connect(us.at("tcp").port);
    peer.send(requestText({ via: "SIP/2.0/TCP 127.0.0.1:1" }));
    await peer.got(1);
    peer.socket.destroy();
    await waitUntil("the loss is noticed", () => us.endpoint.stats().connections.tcp === 0);
    us.user.respond(486);
    await waitUntil("the user is told", () => us.user.lost.length === 1);
  });
});

describe("listeners", () => {
  it("that cannot be had are named, with the system's code, and nothing stays open", async () => {
    const us = await run([loopback("first", "tcp")]);
    const taken = { ...loopback("second", "tcp"), port: us.at("first").port };
    const made = await createEndpoint({ listeners: [loopback("free", "udp"), taken] }, us.user);
    expect(made).toEqual({ ok: false, error: { reason: "bind", listener: "second", detail: "EADDRINUSE" } });
  });

  it.each([
    ["none", [], ""],
    ["two of one name", [loopback("a", "udp"), loopback("a", "tcp")], "a"],
    ["TLS without a certificate", [loopback("a", "tls")], "a"],
    ["TLS with a broken one", [loopback("a", "tls", { certificate: "x", key: "y", mutual: false })], "a"],
  ])("are checked: %s", async (_fact, listeners, listener) => {
    const us = await run([loopback("other", "udp")]);
    const made = await createEndpoint({ listeners }, us.user);
    expect(made).toMatchObject({ ok: false, error: { reason: "bad-config", listener } });
  });
});
