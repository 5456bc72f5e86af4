import { describe, expect, it } from "vitest";
import { outgoing, RecordingClient } from "../test/recorder.ts";
import { loopback, run, type Running } from "../test/running-endpoint.ts";
import { headerOf, responseText } from "../test/sip-texts.ts";
import { StreamPeer } from "../test/stream-peer.ts";
import { waitUntil } from "../test/wait-until.ts";
import { OPTIONS, closeServersAfterEach, serve, tcp } from "../test/tcp-servers.ts";

closeServersAfterEach();

describe("a request of ours over TCP", () => {
  async function call(us: Running, port: number, method = "OPTIONS"): Promise<RecordingClient> {
    const client = new RecordingClient();
    const uri = `sip:127.0.0.1:${port};transport=tcp`;
    us.endpoint.request({ message: outgoing(method, uri), listener: "tcp", nextHop: null }, client);
    await waitUntil("sent or failed", () => client.sent.length + client.failures.length > 0);
    return client;
  }

  it("opens one connection for all requests to one peer, and takes requests on it", async () => {
    const server = await serve();
    const us = await run([loopback("tcp", "tcp")]);
    const [first, second] = [await call(us, server.port), await call(us, server.port)];
    const peer = await server.peer();
    await peer.got(2);
    for (const message of peer.messages) peer.send(responseText(message, 200));
    await waitUntil("both answered", () => first.responses.length + second.responses.length === 2);
    peer.send(OPTIONS);
    await waitUntil("their request", () => us.user.requests.length === 1);
    us.user.respond(200);
    await peer.got(3);
    expect(server.peers).toHaveLength(1);
    expect(headerOf(peer.messages[0]!, "Via")).toMatch(
      new RegExp(`^SIP/2\\.0/TCP 127\\.0\\.0\\.1:${us.at("tcp").port};branch=z9hG4bK[^;]+;alias$`),
    );
  });

  it("uses a connection that the peer opened from that address and port", async () => {
    const us = await run([loopback("tcp", "tcp")]);
    const peer = await StreamPeer.connect(us.at("tcp").port);
    peer.send("\r\n\r\n");
    await waitUntil("a pong", () => peer.text === "\r\n");
    const client = await call(us, peer.socket.localPort ?? 0);
    await peer.got(1);
    peer.send(responseText(peer.messages[0]!.trimStart(), 200));
    await waitUntil("answered", () => client.responses.length === 1);
    expect(us.endpoint.stats().connectionsOpened).toEqual({ incoming: 1, outgoing: 0 });
  });

  it("goes back on the connection that its user names, and to the peer's own place once that is gone", async () => {
    const server = await serve();
    const us = await run([loopback("tcp", "tcp")]);
    const peer = await StreamPeer.connect(us.at("tcp").port);
    peer.send("\r\n\r\n");
    await waitUntil("a pong", () => peer.text === "\r\n");
    const nextHop = `sip:127.0.0.1:${server.port};transport=tcp;lr;flow=127.0.0.1:${peer.socket.localPort ?? 0}`;
    const send = (): RecordingClient => {
      const client = new RecordingClient();
      const message = outgoing("OPTIONS", "sip:peer@127.0.0.1:9;transport=udp");
      us.endpoint.request({ message, listener: "tcp", nextHop }, client);
      return client;
    };
    send();
    await peer.got(1);
    peer.socket.destroy();
    await waitUntil("the loss noticed", () => us.endpoint.stats().connections.tcp === 0);
    const client = send();
    const anew = await server.peer();
    await anew.got(1);
    anew.send(responseText(anew.messages[0]!, 200));
    await waitUntil("answered", () => client.responses.length === 1);
    expect(server.peers).toHaveLength(1);
  });

  it("uses a connection whose peer said alias for the port it listens on (RFC 5923)", async () => {
    const us = await run([loopback("tcp", "tcp")]);
    us.user.answer = () => us.user.respond(200);
    const peer = await StreamPeer.connect(us.at("tcp").port);
    peer.send(OPTIONS.replace("127.0.0.1:5060", "127.0.0.1:15060;alias"));
    await peer.got(1);
    await call(us, 15_060);
    await peer.got(2);
    expect(peer.startLines[1]).toMatch(/^OPTIONS /);
  });

  it("does not believe an alias for another address", async () => {
    const us = await run([loopback("tcp", "tcp")]);
    us.user.answer = () => us.user.respond(200);
    const peer = await StreamPeer.connect(us.at("tcp").port);
    peer.send(OPTIONS.replace("127.0.0.1:5060", "gw.example.com:15061;alias"));
    await peer.got(1);
    const client = await call(us, 15_061);
    await waitUntil("refused", () => client.failures.length === 1);
    expect(peer.messages).toHaveLength(1);
  });

  it("fails at once when the peer refuses the connection", async () => {
    const server = await serve();
    const { port } = server;
    server.close();
    const us = await run([loopback("tcp", "tcp")]);
    const client = await call(us, port, "INVITE");
    await waitUntil("failed", () => client.failures.length === 1);
    expect(client.failures).toMatchObject([{ reason: "transport" }]);
  });

  it("fails at once when the connection is lost before any response", async () => {
    const server = await serve();
    const us = await run([loopback("tcp", "tcp")]);
    const client = await call(us, server.port, "INVITE");
    const peer = await server.peer();
    await peer.got(1);
    peer.socket.resetAndDestroy();
    await waitUntil("failed", () => client.failures.length === 1);
  });

  it("waits on when the connection is lost after a provisional response: the final one may come by another", async () => {
    const server = await serve();
    const us = await run([loopback("tcp", "tcp")]);
    const client = await call(us, server.port, "INVITE");
    const peer = await server.peer();
    await peer.got(1);
    const invite = peer.messages[0]!;
    peer.send(responseText(invite, 180));
    await waitUntil("ringing", () => client.responses.length === 1);
    peer.socket.destroy();
    const another = await StreamPeer.connect(us.at("tcp").port);
    another.send(responseText(invite, 486));
    await waitUntil("refused", () => client.responses.length === 2);
    expect(client.failures).toEqual([]);
    expect(client.statuses).toEqual([180, 486]);
  });

  it("closes politely: the peer sees the end of the stream", async () => {
    const { us, peer } = await tcp();
    peer.send(OPTIONS);
    await peer.got(1);
    await us.endpoint.close();
    await peer.gone();
    expect(us.endpoint.stats().connections).toEqual({ tcp: 0, tls: 0 });
  });
});
