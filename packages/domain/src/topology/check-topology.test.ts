import { describe, expect, test } from "vitest";
import { gateway, listener, pool, route, sampleTopology, trunk } from "../../test/topology-fixture.ts";
import { defaultLocationPolicy, defaultTrunkEmergency } from "./emergency-defaults.ts";
import type { EmergencyPlan, LocationPolicy, NetworkSite, SecurityDesk } from "./emergency-plan.ts";
import { compileSnapshot } from "./compile-snapshot.ts";
import type { TopologyIssue } from "./topology-issue.ts";
import type { Topology, Trunk, TrunkSettings } from "./topology.ts";

const plain = sampleTopology();
const right: Topology = {
  ...plain,
  emergency: {
    ...plain.emergency,
    screeningNumber: "+18005550199",
    policy: "p",
    policies: [policy({ notify: ["security"] })],
    notificationTargets: [
      { name: "security", kind: "email", address: "security@example.com", escalateTo: null, escalateAfterMs: 60_000 },
    ],
  },
};

function issuesOf(change: Partial<Topology>): readonly TopologyIssue[] {
  const compiled = compileSnapshot({ ...right, ...change });
  return compiled.ok ? compiled.value.warnings : compiled.error;
}

function withTrunk(more: Partial<Trunk>, settings: Partial<TrunkSettings> = {}): Partial<Topology> {
  const base = trunk("extra", "east/core/core/7000", settings);
  return { trunks: [...right.trunks, { ...base, ...more }] };
}

function withListener(more: Partial<ReturnType<typeof listener>>): Partial<Topology> {
  const [east, west] = right.pools;
  if (east === undefined || west === undefined) throw new Error("two pools");
  return { pools: [{ ...east, listeners: [...east.listeners, listener("extra", 5090, more)] }, west] };
}

const last = `trunks[${right.trunks.length}]`;
const tls = { certificateFile: "c.pem", keyFile: "k.pem", mutual: false };

test("the sample is accepted without a word", () => {
  expect(issuesOf({})).toEqual([]);
});

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
    [
      "an emergency trunk that is none",
      { emergency: { ...right.emergency, trunks: ["x"] } },
      "emergency.trunks[0]",
      /names trunk "x"/,
    ],
    [
      "a fallback trunk that is none",
      { emergency: { ...right.emergency, fallbackTrunks: ["x"] } },
      "emergency.fallbackTrunks[0]",
      /names trunk "x"/,
    ],
    [
      "an emergency number twice",
      { emergency: { ...right.emergency, numbers: [{ dial: "911", masks: ["911"], test: false }] } },
      "emergency.numbers[0].masks[0]",
      /listed already/,
    ],
    [
      "an emergency number with +",
      { emergency: { ...right.emergency, numbers: [{ dial: "+911", masks: [], test: false }] } },
      "emergency.numbers[0].dial",
      /no dial string/,
    ],
    [
      "no way out for emergency calls",
      { ...onlyEast(), routes: [], ...plan({ trunks: [], fallbackTrunks: [] }) },
      "pools[0]",
      /no way out for emergency calls/,
    ],
    [
      "screened calls for a screening number that is none",
      plan({ screeningNumber: null, screenedCalls: "screening-number" }),
      "emergency.screenedCalls",
      /screening number that is missing/,
    ],
    ["a screening trunk that is none", plan({ screeningTrunks: ["x"] }), "emergency.screeningTrunks[0]", /trunk "x"/],
    [
      "a policy's trunk that is none",
      plan({ policies: [policy({ trunks: ["x"] })] }),
      "emergency.policies[0].trunks[0]",
      /trunk "x"/,
    ],
    [
      "a policy's test trunk that is none",
      plan({ policies: [policy({ testCalls: { trunks: ["x"], notify: true } })] }),
      "emergency.policies[0].testCalls.trunks[0]",
      /trunk "x"/,
    ],
    [
      "a policy's number twice",
      plan({ policies: [policy({ numbers: [{ dial: "112", masks: ["112"], test: false }] })] }),
      "emergency.policies[0].numbers[0].masks[0]",
      /listed already/,
    ],
    ["a policy twice", plan({ policies: [policy({}), policy({})] }), "emergency.policies[1].name", /repeats/],
    ["no such policy for everybody", plan({ policy: "x" }), "emergency.policy", /policy "x"/],
    [
      "no such policy of a pool",
      { pools: right.pools.map((one) => (one.name === "east" ? { ...one, locationPolicy: "x" } : one)) },
      "pools[0].locationPolicy",
      /policy "x"/,
    ],
    [
      "no such policy of a user",
      plan({ users: [{ numbers: ["1"], policy: "x" }] }),
      "emergency.users[0].policy",
      /policy "x"/,
    ],
    [
      "a user pattern that is none",
      plan({ policies: [policy({})], users: [{ numbers: ["("], policy: "p" }] }),
      "emergency.users[0].numbers[0]",
      /is a pattern that/,
    ],
    ["no such policy of a site", plan({ sites: [site({ policy: "x" })] }), "emergency.sites[0].policy", /policy "x"/],
    ["no such ERL of a site", plan({ sites: [site({ erl: "x" })] }), "emergency.sites[0].erl", /location "x"/],
    [
      "a subnet that is none",
      plan({ sites: [site({ subnets: ["10.0.0.1/8"] })] }),
      "emergency.sites[0].subnets[0]",
      /CIDR/,
    ],
    [
      "a subnet at two sites",
      plan({ sites: [site({}), site({ name: "t" })] }),
      "emergency.sites[1].subnets[0]",
      /listed already/,
    ],
    [
      "no such notification target",
      plan({ policies: [policy({ notify: ["x"] })] }),
      "emergency.policies[0].notify[0]",
      /target "x"/,
    ],
    [
      "a notification by no trunk",
      plan({ notificationTargets: [{ name: "security", kind: "sip", uri: "sip:d@e", trunk: "x", ...noEscalation }] }),
      "emergency.notificationTargets[0].trunk",
      /trunk "x"/,
    ],
    [
      "an escalation to nobody",
      plan({
        notificationTargets: [{ name: "security", kind: "email", address: "a@b.c", ...noEscalation, escalateTo: "x" }],
      }),
      "emergency.notificationTargets[0].escalateTo",
      /target "x"/,
    ],
    [
      "a local conference without a media relay",
      plan({ policies: [policy({ conference: desk({}) })] }),
      "emergency.policies[0].conference.by",
      /rtpengine/,
    ],
    [
      "a local conference in which the desk speaks",
      plan({ mediaRelays: ["r:1"], policies: [policy({ conference: desk({ mode: "twoway" }) })] }),
      "emergency.policies[0].conference.mode",
      /only hears/,
    ],
    [
      "a local conference by no trunk",
      plan({ mediaRelays: ["r:1"], policies: [policy({ conference: desk({ trunk: null }) })] }),
      "emergency.policies[0].conference.trunk",
      /missing/,
    ],
    [
      "a local conference by an unknown trunk",
      plan({ mediaRelays: ["r:1"], policies: [policy({ conference: desk({ trunk: "x" }) })] }),
      "emergency.policies[0].conference.trunk",
      /trunk "x"/,
    ],
    ["a media relay at port 0", plan({ mediaRelays: ["r:1", "r:0"] }), "emergency.mediaRelays[1]", /1 to 65535/],
    ["a media relay beyond port 65535", plan({ mediaRelays: ["r:65536"] }), "emergency.mediaRelays[0]", /1 to 65535/],
    ["a media relay without a port", plan({ mediaRelays: ["r"] }), "emergency.mediaRelays[0]", /no port/],
    [
      "a reserve of the whole trunk",
      withTrunk({}, { maxCalls: 2, emergencyReserve: 2 }),
      `${last}.settings.emergencyReserve`,
      /none is left/,
    ],
    ["no such clear trunk", withTrunk({}, { clearTrunk: "x" }), `${last}.settings.clearTrunk`, /trunk "x"/],
    [
      "a clear trunk to elsewhere",
      withTrunk({}, { clearTrunk: "a-east" }),
      `${last}.settings.clearTrunk`,
      /another gateway/,
    ],
    [
      "no emergency number but tests",
      { emergency: { ...right.emergency, numbers: [{ dial: "933", masks: [], test: true }] } },
      "emergency.numbers",
      /no number for real calls/,
    ],
  ])("%s", (_, change, path, problem) => {
    const found = issuesOf(change).filter((issue) => issue.severity === "error");
    expect(found).toContainEqual(expect.objectContaining({ path, problem: expect.stringMatching(problem) as string }));
    expect(found.every((issue) => issue.fix !== "")).toBe(true);
    expect(found.length).toBe(1);
  });

  test("all come at once", () => {
    const issues = issuesOf({ ...withTrunk({ pool: "x" }), routes: [route("r", "(", ["y"])] });
    expect(issues.filter((issue) => issue.severity === "error").map((issue) => issue.path)).toEqual([
      `${last}.pool`,
      "routes[0].trunks[0]",
      "routes[0].match",
    ]);
  });
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

const noEscalation = { escalateTo: null, escalateAfterMs: 60_000 };

function plan(more: Partial<EmergencyPlan>): Partial<Topology> {
  return { emergency: { ...right.emergency, ...more } };
}

function policy(more: Partial<LocationPolicy>): LocationPolicy {
  return { ...defaultLocationPolicy, name: "p", ...more };
}

function desk(more: Partial<SecurityDesk>): SecurityDesk {
  return { uri: "sip:d@e", mode: "oneway", by: "local", trunk: "e911-east", ...more };
}

function site(more: Partial<NetworkSite>): NetworkSite {
  return { name: "s", subnets: ["10.0.0.0/8"], policy: null, erl: null, location: null, ...more };
}

/** One pool and its core. */
function onlyEast(): Partial<Topology> {
  return {
    pools: right.pools.slice(0, 1),
    trunks: right.trunks
      .filter(({ name }) => name === "core-east")
      .map((one) => ({ ...one, settings: { ...one.settings, usages: [] } })),
  };
}

function withTlsAndTcp(): Partial<Topology> {
  const [east, west] = right.pools;
  if (east === undefined || west === undefined) throw new Error("two pools");
  const more = [listener("t", 5090, { transport: "tcp" }), listener("s", 5090, { transport: "tls", tls })];
  return { pools: [{ ...east, listeners: [...east.listeners, ...more] }, west] };
}

function withTlsTrunk(): Partial<Topology> {
  return { ...withListener({ transport: "tls", tls }), ...withTrunk({ listener: "extra" }) };
}

function withLookalike(): Partial<Topology> {
  return {
    gateways: [...right.gateways, gateway("double", "198.51.100.1")],
    ...withTrunk({ listener: "pstn", gateway: "double", port: 5060 }),
  };
}
