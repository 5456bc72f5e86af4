import { createSocket, type Socket } from "node:dgram";
import { afterEach, describe, expect, it } from "vitest";
import { outgoing, RecordingClient } from "../test/recorder.ts";
import { closeAll, loopback, run, type Running } from "../test/running-endpoint.ts";
import { headerOf, requestText, responseText } from "../test/sip-texts.ts";
import { StreamServer } from "../test/stream-peer.ts";
import { waitUntil } from "../test/wait-until.ts";
import type { EndpointConfig, ListenerConfig } from "./config.ts";

const LARGE = "x".repeat(1_400);

class UdpPeer {
  readonly received: string[] = [];
  private readonly socket: Socket = createSocket("udp4");

  static async open(port = 0): Promise<UdpPeer> {
    const peer = new UdpPeer();
    peer.socket.on("message", (bytes) => peer.received.push(bytes.toString("latin1")));
    const { promise, resolve } = Promise.withResolvers<void>();
    peer.socket.bind(port, "127.0.0.1", resolve);
    await promise;
    return peer;
  }

  get port(): number {
    return this.socket.address().port;
  }

  send(text: string, port: number): void {
    this.socket.send(Buffer.from(text, "latin1"), port, "127.0.0.1");
  }

  async got(count: number): Promise<void> {
    await waitUntil(`${count} datagrams`, () => this.received.length >= count);
  }

  close(): void {
    this.socket.close();
  }
}

const open: { close(): void }[] = [];

async function udpPeer(port = 0): Promise<UdpPeer> {
  const peer = await UdpPeer.open(port);
  open.push(peer);
  return peer;
}

async function tcpServer(port = 0): Promise<StreamServer> {
  const server = await StreamServer.listen(port);
  open.push(server);
  return server;
}

afterEach(async () => {
  await closeAll();
  for (const each of open.splice(0)) each.close();
});

describe("UDP on real sockets", () => {
  it("serves a request from any port with rport", async () => {
    const us = await run([loopback("udp", "udp")]);
    const peer = await udpPeer();
    peer.send(requestText({ via: "SIP/2.0/UDP 127.0.0.1:9;rport", body: "\u00e9\u00ff" }), us.at("udp").port);
    await peer.got(1);
    user(us).respond(486);
    await peer.got(2);
    expect(headerOf(peer.received[1]!, "Via")).toContain(`rport=${peer.port}`);
    expect(us.user.requests[0]?.request.message.body).toBe("\u00e9\u00ff");
  });

  it("reports the bound port and sends from it", async () => {
    const us = await run([loopback("one", "udp"), loopback("two", "udp")]);
    expect(us.at("one").port).toBeGreaterThan(0);
    expect(us.at("one").port).not.toBe(us.at("two").port);
    const peer = await udpPeer();
    const client = await call(us, peer.port, { listener: "two" });
    await peer.got(1);
    peer.send(responseText(peer.received[0]!, 200), us.at("two").port);
    await waitUntil("answered", () => client.responses.length === 1);
    expect(client.sent[0]).toMatchObject({ localPort: us.at("two").port, port: peer.port });
  });

  it("finds a name by the system's look-up when DNS does not know it", async () => {
    const us = await run([loopback("udp", "udp")]);
    const peer = await udpPeer();
    const client = new RecordingClient();
    const message = outgoing("OPTIONS", `sip:localhost:${peer.port}`);
    us.endpoint.request({ message, listener: "udp", nextHop: null }, client);
    await peer.got(1);
    expect(client.sent[0]?.address).toBe("127.0.0.1");
  });
});

describe("a request too large for UDP, RFC 3261 §18.1.1", () => {
  it("goes over TCP from the TCP listener on the same address", async () => {
    const server = await tcpServer();
    const us = await run([loopback("udp", "udp"), loopback("tcp", "tcp")]);
    await call(us, server.port, { body: LARGE });
    const peer = await server.peer();
    await waitUntil("the request", () => peer.text.includes(LARGE));
    expect(headerOf(peer.text, "Via")).toContain(`SIP/2.0/TCP 127.0.0.1:${us.at("tcp").port};`);
  });

  it("goes over a TCP connection of its own without such a listener, and the response comes back on it", async () => {
    const server = await tcpServer();
    const us = await run([loopback("udp", "udp")]);
    const client = await call(us, server.port, { body: LARGE });
    const peer = await server.peer();
    await waitUntil("the request", () => peer.text.includes(LARGE));
    peer.send(responseText(peer.text, 200));
    await waitUntil("answered", () => client.responses.length === 1);
    expect(client.responses[0]?.source).toMatchObject({ transport: "tcp", listener: { name: "udp" } });
  });

  it("goes over UDP when the peer refuses TCP, and TCP is not tried again soon", async () => {
    const us = await run([loopback("udp", "udp")]);
    const peer = await udpPeer();
    const first = await call(us, peer.port, { body: LARGE });
    await peer.got(1);
    peer.send(responseText(peer.received[0]!, 200), us.at("udp").port);
    await waitUntil("answered", () => first.responses.length === 1);
    expect(first.sent.map((sent) => sent.transport)).toEqual(["tcp", "udp"]);
    const second = await call(us, peer.port, { body: LARGE });
    await peer.got(2);
    expect(second.sent.map((sent) => sent.transport)).toEqual(["udp"]);
  });

  it("goes over UDP when so configured, or when only TCP listeners may be used and there is none", async () => {
    for (const largeRequests of ["udp", "listener"] as const) {
      const us = await run([loopback("udp", "udp")], { largeRequests });
      const peer = await udpPeer();
      const client = await call(us, peer.port, { body: LARGE });
      await peer.got(1);
      expect(client.sent.map((sent) => sent.transport)).toEqual(["udp"]);
    }
  });

  it("goes over UDP when it is small", async () => {
    const us = await run([loopback("udp", "udp"), loopback("tcp", "tcp")]);
    const peer = await udpPeer();
    const client = await call(us, peer.port, { body: "x".repeat(500) });
    await peer.got(1);
    expect(client.sent.map((sent) => sent.transport)).toEqual(["udp"]);
  });
});

describe("TCP that a peer of a UDP listener asks for, RFC 3261 §8.1.2", () => {
  it("carries the ACK and the BYE to its Contact", async () => {
    const server = await tcpServer();
    const us = await run([loopback("udp", "udp")]);
    const uri = `sip:callee@127.0.0.1:${server.port};transport=tcp`;
    const ack = await us.endpoint.sendAck({ message: outgoing("ACK", uri), listener: "udp", nextHop: null });
    expect(ack).toMatchObject({ ok: true, value: { transport: "tcp", port: server.port } });
    const client = new RecordingClient();
    us.endpoint.request({ message: outgoing("BYE", uri), listener: "udp", nextHop: null }, client);
    const peer = await server.peer();
    await waitUntil("the BYE", () => peer.text.includes("BYE sip:"));
    expect(peer.text).toContain("ACK sip:");
    expect(server.peers).toHaveLength(1);
  });

  it("is had from the TCP listener of the same port, the peer's own trunk", async () => {
    const server = await tcpServer();
    const us = await withUdpAndTcpOnOnePort([loopback("other", "tcp")]);
    const { port } = us.at("udp");
    await call(us, server.port, { body: LARGE });
    const peer = await server.peer();
    await waitUntil("the request", () => peer.text.includes(LARGE));
    expect(headerOf(peer.text, "Via")).toContain(`SIP/2.0/TCP 127.0.0.1:${port};`);
  });

  it("is not had where only UDP may be used", async () => {
    const us = await run([loopback("udp", "udp")], { largeRequests: "udp" });
    const uri = "sip:callee@127.0.0.1:9;transport=tcp";
    const ack = await us.endpoint.sendAck({ message: outgoing("ACK", uri), listener: "udp", nextHop: null });
    expect(ack).toMatchObject({ ok: false, error: { reason: "no-listener" } });
  });
});

describe("start", () => {
  it("tells once when the system gives smaller buffers than wanted", async () => {
    const lines: string[] = [];
    const config: Omit<EndpointConfig, "listeners"> = {
      limits: { udpBufferBytes: 2_000_000_000 },
      log: { info: (_fields, message) => lines.push(message), warn: () => undefined },
    };
    await run([loopback("udp", "udp")], config);
    expect(lines).toEqual(["UDP buffer smaller than wanted, raise net.core.rmem_max and wmem_max"]);
  });
});

/** Somebody else may have taken the port for TCP: then another one. */
async function withUdpAndTcpOnOnePort(others: readonly ListenerConfig[], left = 10): Promise<Running> {
  const probe = await udpPeer();
  const { port } = probe;
  probe.close();
  open.splice(open.indexOf(probe), 1);
  try {
    return await run([...others, { ...loopback("udp", "udp"), port }, { ...loopback("tcp", "tcp"), port }]);
  } catch (error) {
    if (left === 0) throw error;
    return withUdpAndTcpOnOnePort(others, left - 1);
  }
}

function user(us: Running): Running["user"] {
  return us.user;
}

async function call(
  us: Running,
  port: number,
  options: { readonly body?: string; readonly listener?: string } = {},
): Promise<RecordingClient> {
  const client = new RecordingClient();
  const message = outgoing("MESSAGE", `sip:127.0.0.1:${port}`, [], options.body);
  us.endpoint.request({ message, listener: options.listener ?? "udp", nextHop: null }, client);
  await waitUntil("sent", () => client.sent.length > 0);
  return client;
}
