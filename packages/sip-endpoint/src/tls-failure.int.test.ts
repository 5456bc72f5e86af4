import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeAuthority, makeTls, type Authority } from "../test/certificates.ts";
import { FakeResolver, srv } from "../test/fake-resolver.ts";
import { outgoing, RecordingClient } from "../test/recorder.ts";
import { closeAll, loopback, run, type Running } from "../test/running-endpoint.ts";
import { StreamServer } from "../test/stream-peer.ts";
import { StrictTlsServer } from "../test/strict-tls-server.ts";
import { waitUntil } from "../test/wait-until.ts";
import type { ListenerTls } from "./config.ts";

const NAMES = { dns: ["gw.example.com"] };

let authority: Authority;
let stranger: Authority;
let edge: ListenerTls;
let closers: (() => void)[] = [];

beforeAll(async () => {
  [authority, stranger] = await Promise.all([makeAuthority("Test CA"), makeAuthority("Another CA")]);
  edge = await makeTls(authority, { dns: ["edge.example.com"] });
});

afterEach(async () => {
  await closeAll();
  for (const close of closers) close();
  closers = [];
});

/** An endpoint of the peer; gives its port. */
async function gateway(tls: ListenerTls): Promise<number> {
  const them = await run([loopback("tls", "tls", tls)]);
  them.user.answer = () => them.user.respond(200);
  return them.at("tls").port;
}

async function streamServer(): Promise<StreamServer> {
  const server = await StreamServer.listen();
  closers.push(() => server.close());
  return server;
}

/** Takes connections, and drops each with the first message. Without a certificate there is no cipher to agree on. */
async function tlsServer(own: TlsOptions): Promise<number> {
  const server = createTlsServer(own, (socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  closers.push(() => server.close());
  await waitUntil("listening", () => server.listening);
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

/** An INVITE to gw.example.com, which DNS says is at those ports of this host, in order. */
async function invite(ports: readonly number[], connectTimeoutMs?: number): Promise<[Running, RecordingClient]> {
  const resolver = new FakeResolver({
    srv: { "_sips._tcp.gw.example.com": ports.map((port, index) => srv("host.example.com", port, index)) },
    a: { "host.example.com": ["127.0.0.1"] },
  });
  const limits = connectTimeoutMs === undefined ? {} : { limits: { connectTimeoutMs } };
  const us = await run([loopback("tls", "tls", edge)], { resolver, ...limits });
  const client = new RecordingClient();
  us.endpoint.request({ message: outgoing("INVITE", "sips:gw.example.com"), listener: "tls", nextHop: null }, client);
  return [us, client];
}

async function outcome(client: RecordingClient): Promise<void> {
  await waitUntil("an outcome", () => client.responses.length + client.failures.length > 0);
}

/** Peers that are there, and cannot be spoken to by TLS. */
const REFUSING: readonly (readonly [fact: string, start: () => Promise<number>])[] = [
  [
    "a certificate for another name (RFC 5922 §7.2)",
    async () => gateway(await makeTls(authority, { dns: ["other.example.com"] })),
  ],
  ["a certificate of an authority that is not trusted", async () => gateway(await makeTls(stranger, NAMES, false))],
  ["a certificate that has expired", async () => gateway(await makeTls(authority, NAMES, true, new Date(2020, 1)))],
  ["an alert in the handshake", () => tlsServer({})],
  [
    "an alert after the handshake: our certificate is refused in TLS 1.3 (RFC 8446 §4.4.2.4)",
    async () => {
      const server = await StrictTlsServer.listen(await makeTls(authority, NAMES), stranger.certificate);
      closers.push(() => server.close());
      return server.port;
    },
  ],
  [
    "something that is no TLS",
    async () => {
      const { server, port } = await streamServer();
      server.on("connection", (socket) => socket.write("SIP/2.0 400 Bad Request\r\n\r\n"));
      return port;
    },
  ],
  [
    "the end of the connection",
    async () => {
      const { server, port } = await streamServer();
      server.on("connection", (socket) => socket.once("data", () => socket.end()));
      return port;
    },
  ],
];

describe("a peer that answers the handshake with", () => {
  it.each(REFUSING)("%s: the request failed by TLS", async (_fact, start) => {
    const [us, client] = await invite([await start()]);
    await outcome(client);
    expect(client.failures).toMatchObject([{ reason: "tls" }]);
    expect(us.endpoint.stats().failures).toEqual({ timeout: 0, transport: 0, tls: 1, nextAddress: 0 });
  });

  it("a certificate that is not trusted is left for the next address of the next hop (RFC 3263 §4.3)", async () => {
    const untrusted = await gateway(await makeTls(stranger, NAMES, false));
    const trusted = await gateway(await makeTls(authority, NAMES));
    const [us, client] = await invite([untrusted, trusted]);
    await outcome(client);
    expect(client.statuses).toEqual([200]);
    expect(us.endpoint.stats().failures).toEqual({ timeout: 0, transport: 0, tls: 0, nextAddress: 1 });
  });
});

describe("a failure of the transport, not of TLS, is", () => {
  it("a refused connection", async () => {
    const server = await StreamServer.listen();
    const { port } = server;
    server.close();
    const [, client] = await invite([port]);
    await outcome(client);
    expect(client.failures).toMatchObject([{ reason: "transport" }]);
  });

  it("silence in the handshake: whoever took the connection may be no peer", async () => {
    const { port } = await streamServer();
    const [, client] = await invite([port], 200);
    await outcome(client);
    expect(client.failures).toMatchObject([{ reason: "transport" }]);
  });

  it("a connection that is lost after the handshake", async () => {
    const { certificate, key } = await makeTls(authority, NAMES);
    const [, client] = await invite([await tlsServer({ cert: certificate, key })]);
    await outcome(client);
    expect(client.failures).toMatchObject([{ reason: "transport" }]);
  });
});
