import { describe, expect, test } from "vitest";
import { gateway, listener, pool, sampleTopology, snapshotOf, trunk } from "../../test/topology-fixture.ts";
import type { Gateway, Topology, Trunk } from "../topology/topology.ts";
import { type Arrival, identifyIngress, indexSources } from "./identify-ingress.ts";

/** Two nodes' worth of listeners, two peers, two ports each: the eight trunks of acceptance test A9. */
const eight = sampleTopology({
  pools: [
    pool("east", [listener("l1", 5060), listener("l2", 5061)]),
    pool("west", [listener("l1", 5070), listener("l2", 5071)]),
  ],
  gateways: [gateway("peer-1", "192.0.2.1"), gateway("peer-2", "192.0.2.2")],
  trunks: ["east", "west"].flatMap((where) =>
    ["l1", "l2"].flatMap((local) =>
      ["peer-1", "peer-2"].map((peer) => {
        return trunk(`${where}-${local}-${peer}`, `${where}/${local}/${peer}/5060`);
      }),
    ),
  ),
  routes: [],
  dialPlans: [],
  emergency: { ...sampleTopology().emergency, trunks: [], fallbackTrunks: [] },
});

function arrival(more: Partial<Arrival> = {}): Arrival {
  return { pool: "east", listener: "l1", address: "192.0.2.1", port: 5060, tlsIdentities: [], ...more };
}

function identified(
  topology: Topology,
  from: Arrival,
  resolved: ReadonlyMap<string, readonly string[]> = new Map(),
): string | null {
  return identifyIngress(from, indexSources(snapshotOf(topology), resolved))?.trunk.name ?? null;
}

function withGateways(gateways: readonly Gateway[], trunks: readonly Trunk[]): Topology {
  return { ...eight, gateways, trunks };
}

describe("the trunk a request came in by (A9)", () => {
  test.each(
    eight.trunks.map((one) => [one.name, one.pool, one.listener, one.gateway === "peer-1" ? "192.0.2.1" : "192.0.2.2"]),
  )("%s: pool %s, listener %s, source %s", (name, where, local, address) => {
    expect(identified(eight, arrival({ pool: where, listener: local, address }))).toBe(name);
  });

  test.each([
    ["another address", arrival({ address: "192.0.2.3" })],
    ["another listener", arrival({ listener: "l9" })],
    ["another pool", arrival({ pool: "north" })],
    ["no address at all", arrival({ address: "" })],
  ])("%s is a stranger", (_, from) => {
    expect(identified(eight, from)).toBeNull();
  });

  test("IPv4 seen through an IPv6 socket is the same address", () => {
    expect(identified(eight, arrival({ address: "::ffff:192.0.2.2" }))).toBe("east-l1-peer-2");
  });
});

describe("sources", () => {
  const both = [trunk("named", "east/l1/carrier/5060"), trunk("wide", "east/l1/wide/5060")];

  test("a gateway's name counts with the addresses it resolves to now", () => {
    const topology = withGateways([gateway("carrier", "sbc.example.net"), gateway("wide", "198.51.100.1")], both);
    const resolved = new Map([["carrier", ["203.0.113.5", "2001:db8::5"]]]);
    expect(identified(topology, arrival({ address: "203.0.113.5" }), resolved)).toBe("named");
    expect(identified(topology, arrival({ address: "2001:DB8:0::5" }), resolved)).toBe("named");
    expect(identified(topology, arrival({ address: "203.0.113.5" }))).toBeNull();
  });

  test("the longest match wins", () => {
    const topology = withGateways(
      [
        gateway("wide", "198.51.100.1", { sources: ["203.0.113.0/24"] }),
        gateway("carrier", "198.51.100.2", { sources: ["203.0.113.64/26"] }),
      ],
      both,
    );
    expect(identified(topology, arrival({ address: "203.0.113.70" }))).toBe("named");
    expect(identified(topology, arrival({ address: "203.0.113.1" }))).toBe("wide");
  });

  test("an address beats a block", () => {
    const topology = withGateways(
      [gateway("wide", "198.51.100.1", { sources: ["203.0.113.0/24"] }), gateway("carrier", "203.0.113.7")],
      both,
    );
    expect(identified(topology, arrival({ address: "203.0.113.7" }))).toBe("named");
  });

  test("a verified certificate's name beats the address (RFC 5922)", () => {
    const topology = withGateways([gateway("carrier", "SBC.example.net"), gateway("wide", "198.51.100.1")], both);
    const from = arrival({ address: "198.51.100.1" });
    expect(identified(topology, { ...from, tlsIdentities: ["sip:sbc.example.net"] })).toBe("named");
    expect(identified(topology, { ...from, tlsIdentities: ["other.example.net"] })).toBe("wide");
    expect(identified(topology, { ...from, tlsIdentities: ["*.example.net"] })).toBe("wide");
  });
});

describe("several trunks to one address on one listener", () => {
  const topology = withGateways(
    [gateway("peer-1", "192.0.2.1")],
    [5080, 5060, 5070].map((port) => trunk(`port-${port}`, `east/l1/peer-1/${port}`)),
  );

  test.each([
    ["the gateway port equal to the source port", 5070, "port-5070"],
    ["from a passing port, the lowest gateway port", 40_123, "port-5060"],
    ["the lowest itself", 5060, "port-5060"],
  ])("%s", (_, port, expected) => {
    expect(identified(topology, arrival({ port }))).toBe(expected);
  });
});
