import { TLSSocket } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeAuthority, makeTls, type Authority } from "../test/certificates.ts";
import { FakeResolver, srv } from "../test/fake-resolver.ts";
import { outgoing, RecordingClient } from "../test/recorder.ts";
import { closeAll, loopback, run, type Running } from "../test/running-endpoint.ts";
import { requestText, responseText } from "../test/sip-texts.ts";
import { StreamPeer } from "../test/stream-peer.ts";
import { waitUntil } from "../test/wait-until.ts";
import type { ListenerTls } from "./config.ts";
import type { Resolver } from "./next-hop/resolver.ts";

const OPTIONS = requestText({ method: "OPTIONS", via: "SIP/2.0/TLS gw.example.com:5061" });

let authority: Authority;
let stranger: Authority;
let edge: ListenerTls;
let gateway: ListenerTls;

beforeAll(async () => {
  [authority, stranger] = await Promise.all([makeAuthority("Test CA"), makeAuthority("Another CA")]);
  [edge, gateway] = await Promise.all([
    makeTls(authority, { dns: ["edge.example.com"] }),
    makeTls(authority, { dns: ["gw.example.com"], uris: ["sip:example.com"], ips: ["127.0.0.1"] }),
  ]);
});

afterEach(closeAll);

async function endpoint(tls: ListenerTls, resolver: Resolver = new FakeResolver({})): Promise<Running> {
  const us = await run([loopback("tls", "tls", tls)], { resolver });
  us.user.answer = () => us.user.respond(200);
  return us;
}

async function call(us: Running, uri: string): Promise<RecordingClient> {
  const client = new RecordingClient();
  us.endpoint.request({ message: outgoing("OPTIONS", uri), listener: "tls", nextHop: null }, client);
  await waitUntil("an outcome", () => client.responses.length + client.failures.length > 0);
  return client;
}

describe("a TLS peer that connects to us", () => {
  it("is known by the names in its certificate", async () => {
    const us = await endpoint(edge);
    const peer = await StreamPeer.connectTls(us.at("tls").port, gateway, authority.certificate);
    peer.send(OPTIONS);
    await peer.got(1);
    const { source } = us.user.requests[0]!.request;
    expect(source.transport).toBe("tls");
    expect(source.identities).toEqual(["gw.example.com", "example.com", "127.0.0.1"]);
  });

  it("and never begins a handshake counts as a connection: no more of them than the limit", async () => {
    const us = await run([loopback("tls", "tls", edge)], { limits: { connections: 2, connectTimeoutMs: 60_000 } });
    const first = await StreamPeer.connect(us.at("tls").port);
    const second = await StreamPeer.connect(us.at("tls").port);
    const third = await StreamPeer.connect(us.at("tls").port);
    await third.gone();
    expect([first.closed, second.closed]).toEqual([false, false]);
    expect(us.endpoint.stats().discarded["connection-limit"]).toBe(1);
  });

  it("without a certificate is refused where one is asked for", async () => {
    const us = await endpoint(edge);
    const peer = await StreamPeer.connectTls(us.at("tls").port, undefined, authority.certificate);
    peer.send(OPTIONS);
    await peer.gone();
    expect(us.user.requests).toEqual([]);
    expect(us.endpoint.stats().discarded["tls-handshake"]).toBe(1);
  });

  it("with a certificate of another authority is refused", async () => {
    const us = await endpoint(edge);
    const foreign = await makeTls(stranger, { dns: ["gw.example.com"] });
    const peer = await StreamPeer.connectTls(us.at("tls").port, foreign, authority.certificate);
    peer.send(OPTIONS);
    await peer.gone();
    expect(us.user.requests).toEqual([]);
  });

  it("needs no certificate where none is asked for, and has no name then", async () => {
    const us = await endpoint({ ...edge, mutual: false });
    const peer = await StreamPeer.connectTls(us.at("tls").port, gateway, authority.certificate);
    peer.send(OPTIONS);
    await peer.got(1);
    expect(us.user.requests[0]?.request.source.identities).toEqual([]);
  });

  it("that speaks no TLS is refused", async () => {
    const us = await endpoint(edge);
    const peer = await StreamPeer.connect(us.at("tls").port);
    peer.send(OPTIONS);
    await peer.gone();
    expect(us.endpoint.stats().discarded["tls-handshake"]).toBe(1);
  });

  it("sees a new certificate after it was replaced", async () => {
    const us = await endpoint(edge);
    const renewed = await makeTls(authority, { dns: ["renewed.example.com"] });
    expect(us.endpoint.replaceTls("tls", renewed)).toBe(true);
    expect(us.endpoint.replaceTls("nobody", renewed)).toBe(false);
    const peer = await StreamPeer.connectTls(us.at("tls").port, gateway, authority.certificate);
    if (!(peer.socket instanceof TLSSocket)) throw new Error("no TLS");
    const names = peer.socket.getPeerCertificate();
    expect(names).toMatchObject({ subjectaltname: "DNS:renewed.example.com" });
  });
});

describe("a request of ours over TLS", () => {
  function dns(port: number): FakeResolver {
    return new FakeResolver({
      srv: {
        "_sips._tcp.gw.example.com": [srv("host.example.com", port)],
        "_sips._tcp.other.example.com": [srv("host.example.com", port)],
      },
      a: { "host.example.com": ["127.0.0.1"] },
    });
  }

  it("goes to a peer whose certificate names the next hop, found by SRV", async () => {
    const them = await endpoint(gateway);
    const us = await endpoint(edge, dns(them.at("tls").port));
    const client = await call(us, "sips:gw.example.com");
    expect(client.statuses).toEqual([200]);
    expect(them.user.requests[0]?.request.source.identities).toEqual(["edge.example.com"]);
    expect(client.responses[0]?.source.identities).toContain("gw.example.com");
  });

  it("fails when the certificate names somebody else", async () => {
    const them = await endpoint(gateway);
    const us = await endpoint(edge, dns(them.at("tls").port));
    const client = await call(us, "sips:other.example.com");
    expect(client.failures).toMatchObject([{ reason: "tls" }]);
    expect(them.user.requests).toEqual([]);
  });

  it("fails when the certificate is of another authority", async () => {
    const them = await endpoint(await makeTls(stranger, { ips: ["127.0.0.1"] }, false));
    const us = await endpoint(edge);
    const client = await call(us, `sip:127.0.0.1:${them.at("tls").port};transport=tls`);
    expect(client.failures).toMatchObject([{ reason: "tls" }]);
  });

  it("goes there all the same when servers are not verified", async () => {
    const them = await endpoint(await makeTls(stranger, { ips: ["127.0.0.1"] }, false));
    const us = await endpoint({ ...edge, verifyServers: false });
    const client = await call(us, `sip:127.0.0.1:${them.at("tls").port};transport=tls`);
    expect(client.statuses).toEqual([200]);
    expect(client.responses[0]?.source.identities).toEqual([]);
  });

  it("uses the connection of a peer that proved the name and said alias (RFC 5923)", async () => {
    const us = await endpoint(edge, dns(9));
    const peer = await StreamPeer.connectTls(us.at("tls").port, gateway, authority.certificate);
    peer.send(OPTIONS.replace("gw.example.com:5061", "gw.example.com:9;alias"));
    await peer.got(1);
    const client = new RecordingClient();
    const message = outgoing("OPTIONS", "sips:gw.example.com");
    us.endpoint.request({ message, listener: "tls", nextHop: null }, client);
    await peer.got(2);
    peer.send(responseText(peer.messages[1]!, 200));
    await waitUntil("answered", () => client.responses.length === 1);
    expect(us.endpoint.stats().connectionsOpened).toEqual({ incoming: 1, outgoing: 0 });
  });

  it("goes to the peer's name when the connection that its user names is gone, and never to another's", async () => {
    const them = await endpoint(gateway);
    const us = await endpoint(edge, dns(them.at("tls").port));
    for (const [host, reached] of [
      ["gw.example.com", true],
      ["other.example.com", false],
    ] as const) {
      const client = new RecordingClient();
      // A bare address in the Contact, which no certificate here proves.
      const message = outgoing("OPTIONS", "sip:gw@127.0.0.1:9;transport=tls");
      const nextHop = `sip:${host};transport=tls;lr;flow=127.0.0.1:9`;
      us.endpoint.request({ message, listener: "tls", nextHop }, client);
      await waitUntil("an outcome", () => client.responses.length + client.failures.length > 0);
      expect(client.statuses).toEqual(reached ? [200] : []);
    }
    expect(them.user.requests).toHaveLength(1);
  });

  it("does not use it for a name that the peer did not prove", async () => {
    const us = await endpoint(edge, dns(9));
    const peer = await StreamPeer.connectTls(us.at("tls").port, gateway, authority.certificate);
    peer.send(OPTIONS.replace("gw.example.com:5061", "gw.example.com:9;alias"));
    await peer.got(1);
    const client = await call(us, "sips:other.example.com");
    expect(client.failures).toMatchObject([{ reason: "transport" }]);
    expect(peer.messages).toHaveLength(1);
  });

  it("is sent once over one connection for a burst of requests", async () => {
    const them = await endpoint(gateway);
    const us = await endpoint(edge, dns(them.at("tls").port));
    const clients = await Promise.all(Array.from({ length: 20 }, () => call(us, "sips:gw.example.com")));
    expect(clients.flatMap((client) => client.statuses)).toEqual(Array(20).fill(200));
    expect(us.endpoint.stats().connectionsOpened.outgoing).toBe(1);
  });
});
