import { describe, expect, test } from "vitest";
import { gateway, listener, pool, route } from "../../test/topology-fixture.ts";
import type { Topology } from "./topology.ts";
import { expectError, issuesOf, last, right, tls, withListener, withTrunk } from "../../test/topology-changes.ts";

function withTlsAndTcp(): Partial<Topology> {
  const [east, west] = right.pools;
  if (east === undefined || west === undefined) throw new Error("two pools");
  const more = [listener("t", 5090, { transport: "tcp" }), listener("s", 5090, { transport: "tls", tls })];
  return { pools: [{ ...east, listeners: [...east.listeners, ...more] }, west] };
}

describe("errors", () => {
  test.each<readonly [string, Partial<Topology>, string, RegExp]>([
    [
      "a pool twice",
      {
        pools: [
          ...right.pools,
          pool("east", right.pools[0]?.listeners.map((one) => ({ ...one, port: one.port + 1000 })) ?? []),
        ],
      },
      "pools[2].name",
      /repeats the name "east"/,
    ],
    ["a trunk twice", withTrunk({ name: "a-east" }), `${last}.name`, /repeats the name/],
    ["a listener twice", withListener({ name: "core" }), "pools[0].listeners[3].name", /repeats/],
    ["a name with a slash", withTrunk({ name: "a/b" }), `${last}.name`, /is no name/],
    ["the same tuple twice (A9)", withTrunk({ port: 5060 }), last, /same as trunk "core-east"/],
    ["a trunk of no pool", withTrunk({ pool: "north" }), `${last}.pool`, /names pool "north"/],
    ["a trunk of no listener", withTrunk({ listener: "x" }), `${last}.listener`, /which pool "east" does not have/],
    ["a trunk to no gateway", withTrunk({ gateway: "x" }), `${last}.gateway`, /names gateway "x"/],
    ["a trunk with no such dial plan", withTrunk({}, { dialPlan: "x" }), `${last}.settings.dialPlan`, /dial plan "x"/],
    ["SRV with an address", withTrunk({ port: 0 }), `${last}.port`, /by DNS SRV/],
    [
      "an interval below Min-SE",
      withTrunk({}, { sessionTimer: { offer: true, expiresS: 90, minSeS: 120, refresher: "us" } }),
      `${last}.settings.sessionTimer`,
      /below minSe/,
    ],
    ["TLS without certificate", withListener({ transport: "tls" }), "pools[0].listeners[3].tls", /is missing/],
    ["a certificate without TLS", withListener({ tls }), "pools[0].listeners[3].tls", /has no meaning/],
    ["a port taken in the pool", withListener({ port: 5060 }), "pools[0].listeners[3].port", /udp 127.0.0.1:5060/],
    ["a port taken by TCP, wanted by TLS", withTlsAndTcp(), "pools[0].listeners[4].port", /takes tcp/],
    [
      "a port taken on all addresses",
      withListener({ address: "0.0.0.0", port: 5060, advertisedAddress: "192.0.2.9" }),
      "pools[0].listeners[3].port",
      /udp 0.0.0.0:5060/,
    ],
    [
      "a port taken by another pool at one address",
      withListener({ port: 5070 }),
      "pools[1].listeners[0].port",
      /takes udp/,
    ],
    [
      "an address nobody can call",
      withListener({ address: "0.0.0.0" }),
      "pools[0].listeners[3].advertisedAddress",
      /no peer can call back/,
    ],
    [
      "a gateway that is nowhere",
      { gateways: [...right.gateways, gateway("g", "999.1.1.1")] },
      "gateways[4].address",
      /neither/,
    ],
    [
      "a source that is no block",
      { gateways: [...right.gateways, gateway("g", "192.0.2.8", { sources: ["192.0.2.1/24"] })] },
      "gateways[4].sources[0]",
      /neither an address nor/,
    ],
    ["a route to no trunk", { routes: [route("r", ".*", ["x"])] }, "routes[0].trunks[0]", /names trunk "x"/],
    ["a route without trunks", { routes: [route("r", ".*", [])] }, "routes[0].trunks", /names no trunk/],
    [
      "a trunk twice in a route",
      { routes: [route("r", ".*", ["a-east", "a-east"])] },
      "routes[0].trunks[1]",
      /repeats trunk/,
    ],
    [
      "an E9-1-1 trunk in a route",
      { routes: [route("r", ".*", ["e911-east"])] },
      "routes[0].trunks[0]",
      /only emergency calls/,
    ],
    [
      "an unsafe pattern in a route",
      { routes: [route("r", String.raw`(\d)\1`, ["a-east"])] },
      "routes[0].match",
      /back-references/,
    ],
    [
      "an unsafe exception",
      { routes: [route("r", ".*", ["a-east"], { except: ["("] })] },
      "routes[0].except[0]",
      /without/,
    ],
    [
      "an unsafe rule",
      withTrunk({}, { calledRules: [{ name: "r", match: "[", replace: "" }] }),
      `${last}.settings.calledRules[0].match`,
      /without/,
    ],
    [
      "a rule that refers to nothing",
      withTrunk({}, { callingRules: [{ name: "r", match: "1", replace: "$1" }] }),
      `${last}.settings.callingRules[0].replace`,
      /refers to/,
    ],
    [
      "a rule of a dial plan",
      {
        dialPlans: [
          ...right.dialPlans,
          { name: "p", externalAccessPrefix: "", rules: [{ name: "r", match: "^9", replace: "" }] },
        ],
      },
      "dialPlans[1].rules[0].match",
      /one anchor/,
    ],
    [
      "an access prefix of letters",
      { dialPlans: [...right.dialPlans, { name: "p", externalAccessPrefix: "x", rules: [] }] },
      "dialPlans[1].externalAccessPrefix",
      /no access prefix/,
    ],
  ])("%s", (_, change, path, problem) => expectError(change, path, problem));

  test("all come at once", () => {
    const issues = issuesOf({ ...withTrunk({ pool: "x" }), routes: [route("r", "(", ["y"])] });
    expect(issues.filter((issue) => issue.severity === "error").map((issue) => issue.path)).toEqual([
      `${last}.pool`,
      "routes[0].trunks[0]",
      "routes[0].match",
    ]);
  });
});
