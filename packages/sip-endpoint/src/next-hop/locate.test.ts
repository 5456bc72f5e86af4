import { parseSipUri } from "@tandem/sip";
import { describe, expect, it, test } from "vitest";
import { brokenResolver, FakeResolver, srv, type Zone } from "../../test/fake-resolver.ts";
import { locate, type Located } from "./locate.ts";
import type { Resolver } from "./resolver.ts";
import type { Path } from "./target.ts";

const UDP4: Path = { transport: "udp", family: 4 };
const TCP4: Path = { transport: "tcp", family: 4 };
const TLS4: Path = { transport: "tls", family: 4 };
const UDP6: Path = { transport: "udp", family: 6 };
const ALL = [UDP4, TCP4, TLS4];

async function find(uri: string, paths: readonly Path[], resolver: Resolver): Promise<Located> {
  const parsed = parseSipUri(uri);
  if (parsed === undefined) throw new Error("no SIP URI");
  return await locate(parsed, { paths, resolver, random: () => 0 });
}

/** Targets as `udp 10.0.0.1 5060`, or the failure. */
async function found(uri: string, paths: readonly Path[], zone: Zone = {}): Promise<readonly string[] | string> {
  const located = await find(uri, paths, new FakeResolver(zone));
  if ("failure" in located) return located.failure;
  return located.targets.map(({ transport, address, port }) => `${transport} ${address} ${port}`);
}

const A = { "gw.example.com": ["10.0.0.1", "10.0.0.2"] };

describe("RFC 3263 §4: URIs with an address", () => {
  const rows: readonly [string, string, readonly Path[], readonly string[] | string][] = [
    ["the default port of UDP", "sip:10.0.0.1", ALL, ["udp 10.0.0.1 5060"]],
    ["a port", "sip:a@10.0.0.1:5080", ALL, ["udp 10.0.0.1 5080"]],
    ["transport=tcp", "sip:10.0.0.1;transport=tcp", ALL, ["tcp 10.0.0.1 5060"]],
    ["transport=TLS in capitals", "sip:10.0.0.1;transport=TLS", ALL, ["tls 10.0.0.1 5061"]],
    ["sips", "sips:10.0.0.1", ALL, ["tls 10.0.0.1 5061"]],
    ["sips with transport=tcp is TLS", "sips:10.0.0.1;transport=tcp", ALL, ["tls 10.0.0.1 5061"]],
    ["maddr overrides the host", "sip:gw.example.com;maddr=10.0.0.9", ALL, ["udp 10.0.0.9 5060"]],
    ["IPv6", "sip:[2001:db8::1]:5070", [UDP4, UDP6], ["udp 2001:db8::1 5070"]],
    ["without UDP, what there is", "sip:10.0.0.1", [TCP4], ["tcp 10.0.0.1 5060"]],
    ["IPv6 without an IPv6 listener", "sip:[2001:db8::1]", ALL, "no-listener"],
    ["TLS without a TLS listener", "sips:10.0.0.1", [UDP4], "no-listener"],
    ["UDP for sips", "sips:10.0.0.1;transport=udp", ALL, "no-listener"],
    ["SCTP", "sip:10.0.0.1;transport=sctp", ALL, "no-listener"],
  ];
  test.each(rows)("%s", async (_fact, uri, paths, expected) => {
    expect(await found(uri, paths)).toEqual(expected);
  });

  it("are located at once, without a promise", () => {
    const uri = parseSipUri("sip:10.0.0.1");
    if (uri === undefined) throw new Error("no SIP URI");
    expect(locate(uri, { paths: ALL, resolver: brokenResolver, random: () => 0 })).not.toBeInstanceOf(Promise);
  });
});

describe("RFC 3263 §4: URIs with a name", () => {
  const naptr = (service: string, replacement: string, order = 1, preference = 1) => ({
    order,
    preference,
    flags: "s",
    service,
    replacement,
  });
  const rows: readonly [string, string, readonly Path[], Zone, readonly string[] | string][] = [
    [
      "a port leaves only addresses",
      "sip:gw.example.com:5080",
      ALL,
      { a: A },
      ["udp 10.0.0.1 5080", "udp 10.0.0.2 5080"],
    ],
    [
      "a transport asks for its SRV records",
      "sip:gw.example.com;transport=tcp",
      ALL,
      { srv: { "_sip._tcp.gw.example.com": [srv("one.example.com", 5070)] }, a: { "one.example.com": ["10.0.0.7"] } },
      ["tcp 10.0.0.7 5070"],
    ],
    [
      "sips asks for _sips._tcp",
      "sips:gw.example.com",
      ALL,
      { srv: { "_sips._tcp.gw.example.com": [srv("one.example.com", 5071)] }, a: { "one.example.com": ["10.0.0.7"] } },
      ["tls 10.0.0.7 5071"],
    ],
    [
      "no SRV: addresses and the default port",
      "sip:gw.example.com",
      ALL,
      { a: A },
      ["udp 10.0.0.1 5060", "udp 10.0.0.2 5060"],
    ],
    [
      "NAPTR decides the transport, by order and preference, among those we have",
      "sip:gw.example.com",
      [UDP4, TCP4],
      {
        naptr: {
          "gw.example.com": [
            naptr("SIP+D2U", "_sip._udp.gw.example.com", 2),
            naptr("SIPS+D2T", "_sips._tcp.gw.example.com", 1, 1),
            naptr("SIP+D2T", "_sip._tcp.gw.example.com", 1, 2),
          ],
        },
        srv: {
          "_sip._udp.gw.example.com": [srv("one.example.com", 5060)],
          "_sip._tcp.gw.example.com": [srv("one.example.com", 5062)],
          "_sips._tcp.gw.example.com": [srv("one.example.com", 5061)],
        },
        a: { "one.example.com": ["10.0.0.7"] },
      },
      ["tcp 10.0.0.7 5062", "udp 10.0.0.7 5060"],
    ],
    [
      "without NAPTR, the SRV records of each transport in our order",
      "sip:gw.example.com",
      [TCP4, UDP4],
      {
        srv: {
          "_sip._udp.gw.example.com": [srv("one.example.com", 5060)],
          "_sip._tcp.gw.example.com": [srv("one.example.com", 5062)],
        },
        a: { "one.example.com": ["10.0.0.7"] },
      },
      ["tcp 10.0.0.7 5062", "udp 10.0.0.7 5060"],
    ],
    [
      "lower priority first, several addresses each",
      "sip:gw.example.com;transport=udp",
      ALL,
      {
        srv: { "_sip._udp.gw.example.com": [srv("two.example.com", 5062, 2), srv("gw.example.com", 5061, 1)] },
        a: { ...A, "two.example.com": ["10.0.0.9"] },
      },
      ["udp 10.0.0.1 5061", "udp 10.0.0.2 5061", "udp 10.0.0.9 5062"],
    ],
    [
      "a service that is expressly not offered",
      "sip:gw.example.com;transport=tcp",
      [TCP4],
      { srv: { "_sip._tcp.gw.example.com": [srv(".", 0)] } },
      "unresolved",
    ],
    ["no address at all", "sip:gw.example.com", ALL, {}, "unresolved"],
    ["a name for a transport we lack", "sip:gw.example.com;transport=tls", [UDP4], { a: A }, "no-listener"],
    [
      "IPv4 and IPv6 listeners ask for both",
      "sip:gw.example.com:5060",
      [UDP4, UDP6],
      { a: { "gw.example.com": ["10.0.0.1"] }, aaaa: { "gw.example.com": ["2001:db8::1"] } },
      ["udp 10.0.0.1 5060", "udp 2001:db8::1 5060"],
    ],
  ];
  test.each(rows)("%s", async (_fact, uri, paths, zone, expected) => {
    expect(await found(uri, paths, zone)).toEqual(expected);
  });

  it("keep the URI's name for the certificate, whatever DNS led to", async () => {
    const zone = {
      srv: { "_sips._tcp.gw.example.com": [srv("host7.provider.example", 5061)] },
      a: { "host7.provider.example": ["10.0.0.7"] },
    };
    const located = await find("sips:GW.example.com", [TLS4], new FakeResolver(zone));
    expect(located).toMatchObject({ targets: [{ host: "gw.example.com", address: "10.0.0.7" }] });
  });

  it("share the load among the addresses of one name", async () => {
    const uri = parseSipUri("sip:gw.example.com:5060");
    if (uri === undefined) throw new Error("no SIP URI");
    const located = await locate(uri, { paths: ALL, resolver: new FakeResolver({ a: A }), random: () => 0.6 });
    expect(located).toMatchObject({ targets: [{ address: "10.0.0.2" }, { address: "10.0.0.1" }] });
  });

  it("fail when DNS cannot be asked", async () => {
    expect(await find("sip:gw.example.com", ALL, brokenResolver)).toMatchObject({ failure: "unresolved" });
  });
});
