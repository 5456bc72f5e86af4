import { describe, expect, test } from "vitest";
import { gateway, listener, pool, route } from "../../test/topology-fixture.ts";
import { defaultTrunkEmergency } from "./emergency-defaults.ts";
import type { Topology } from "./topology.ts";
import {
  issuesOf,
  last,
  plan,
  policy,
  right,
  site,
  tls,
  withListener,
  withTrunk,
} from "../../test/topology-changes.ts";

function withTlsTrunk(): Partial<Topology> {
  return { ...withListener({ transport: "tls", tls }), ...withTrunk({ listener: "extra" }) };
}

function withLookalike(): Partial<Topology> {
  return {
    gateways: [...right.gateways, gateway("double", "198.51.100.1")],
    ...withTrunk({ listener: "pstn", gateway: "double", port: 5060 }),
  };
}

test("the sample is accepted without a word", () => {
  expect(issuesOf({})).toEqual([]);
});

describe("warnings", () => {
  test.each<readonly [string, Partial<Topology>, string, RegExp]>([
    [
      "a policy with nobody to notify (Kari's Law)",
      plan({ policies: [policy({ notify: ["security"] }), policy({ name: "q" })] }),
      "emergency.policies[1].notify",
      /is empty: nobody is told/,
    ],
    ["callers without a policy", plan({ policy: null }), "emergency.policy", /pools "east", "west"/],
    [
      "callers of one pool without a policy",
      {
        ...plan({ policy: null }),
        pools: right.pools.map((one, at) => (at === 0 ? { ...one, locationPolicy: "p" } : one)),
      },
      "emergency.policy",
      /pool "west"/,
    ],
    [
      "callers whose certificate must be good for 911",
      withListener({ transport: "tls", tls: { ...tls, mutual: true, caFile: "ca.pem" }, serves: "callers" }),
      "pools[0].listeners[3].tls.mutual",
      /an emergency call among them/,
    ],
    ["no screening number", plan({ screeningNumber: null }), "emergency.screeningNumber", /is missing/],
    [
      "one gateway for everything",
      {
        trunks: right.trunks.filter(({ gateway: name }) => name === "core" || name === "carrier-b"),
        routes: [route("pstn", String.raw`^\+?1?\d{10}$`, ["b-west"]), ...right.routes.slice(1)],
        ...plan({ trunks: ["b-east"], fallbackTrunks: ["b-west"] }),
      },
      "emergency",
      /gateway "carrier-b" only/,
    ],
    [
      "a reserve without a limit",
      withTrunk({}, { emergencyReserve: 2 }),
      `${last}.settings.emergencyReserve`,
      /without maxCalls/,
    ],
    [
      "a clear trunk nobody may take",
      withTrunk({}, { clearTrunk: "core-east" }),
      `${last}.settings.clearTrunk`,
      /no effect/,
    ],
    [
      "an ELIN trunk and a site without ELINs",
      {
        ...withTrunk({ gateway: "carrier-a" }, { emergency: { ...defaultTrunkEmergency, profile: "elin" } }),
        ...plan({ sites: [site({})] }),
      },
      "emergency.sites[0].erl",
      /has no ELIN/,
    ],
    [
      "an ELIN of two places",
      plan({ erls: ["a", "b"].map((name) => ({ name, elins: ["+12125550111"], location: null })) }),
      "emergency.erls[1].elins[0]",
      /stands for another place/,
    ],
    ["no E9-1-1 trunk", { emergency: { ...right.emergency, trunks: [] } }, "emergency.trunks", /is empty/],
    [
      "no fallback trunk",
      { emergency: { ...right.emergency, fallbackTrunks: [] } },
      "emergency.fallbackTrunks",
      /is empty/,
    ],
    [
      "a route nobody may use",
      { routes: [...right.routes, route("r", ".*", ["a-east"], { usages: ["x"] })] },
      "routes[2].usages",
      /no usage that a trunk has/,
    ],
    ["a usage that leads nowhere", withTrunk({}, { usages: ["x"] }), `${last}.settings.usages[0]`, /no route has/],
    ["TLS to an address", withTlsTrunk(), `${last}.gateway`, /uses TLS to gateway/],
    [
      "a door open to the world",
      { gateways: [...right.gateways, gateway("g", "192.0.2.8", { sources: ["0.0.0.0/0"] })] },
      "gateways[4].sources[0]",
      /every address/,
    ],
    [
      "the public network calling itself",
      withTrunk({ listener: "pstn", gateway: "carrier-a" }, { usages: ["out"] }),
      `${last}.settings.usages[0]`,
      /go back out/,
    ],
    ["two gateways that look alike", withLookalike(), last, /same listener as trunk "a-east"/],
  ])("%s", (_, change, path, problem) => {
    expect(issuesOf(change)).toEqual([
      expect.objectContaining({ severity: "warning", path, problem: expect.stringMatching(problem) as string }),
    ]);
  });
});

test("certificates of gateways may be asked for, and a pool where no call of callers begins needs no policy", () => {
  const mutual = { ...tls, mutual: true, caFile: "ca.pem" };
  expect(issuesOf(withListener({ transport: "tls", tls: mutual }))).toEqual([]);
  const pools = right.pools.map((one) => ({ ...one, locationPolicy: "p" }));
  const apart = pool("apart", [listener("out", 5090)]);
  expect(issuesOf({ pools: [...pools, apart], ...plan({ policy: null }) })).toEqual([]);
});
