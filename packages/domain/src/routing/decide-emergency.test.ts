import { describe, expect, test } from "vitest";
import {
  factsFor,
  listener,
  liveWith,
  pool,
  route,
  sampleTopology,
  snapshotOf,
  trunk,
} from "../../test/topology-fixture.ts";
import { screenedFirst } from "../emergency/screened-first.ts";
import { defaultLocationPolicy } from "../topology/emergency-defaults.ts";
import type { LocationPolicy } from "../topology/emergency-plan.ts";
import type { Topology, TrunkSettings } from "../topology/topology.ts";
import { attemptPlans } from "./attempt-plan.ts";
import { decide } from "./decide.ts";
import type { Decision, RequestFacts, UriFacts } from "./decision.ts";
import { type LiveView, quietView } from "./live-view.ts";

const snapshot = snapshotOf(sampleTopology());

function trunksOf(decision: Decision): readonly string[] {
  return decision.kind === "reject" ? [] : decision.attempts.map((attempt) => attempt.trunk);
}

function emergency(live: LiveView = quietView, more: Partial<RequestFacts> = {}): Decision {
  return decide(factsFor("911", more), snapshot, live);
}

function withUri(scheme: UriFacts["scheme"], user: string, phoneContext: string | null = null): RequestFacts {
  return factsFor("", { requestUri: { scheme, user, host: "tandem.example", phoneContext } });
}

describe("911 before the dial plan, whose first rule turns 9(.*) into $1 (A1)", () => {
  test.each([
    ["911", withUri("sip", "911")],
    ["+911", withUri("sip", "+911")],
    ["9911", withUri("sip", "9911")],
    ["911;phone-context", withUri("sip", "911", "office.example")],
    ["tel:911", withUri("tel", "911")],
    ["urn:service:sos", withUri("urn", "urn:service:sos")],
    ["the mask 112", withUri("sip", "112")],
  ])("%s goes to the E9-1-1 trunk as 911", (_, facts) => {
    const decision = decide(facts, snapshot, quietView);
    expect(decision.kind).toBe("emergency");
    expect(trunksOf(decision)[0]).toBe("e911-east");
    for (const attempt of decision.kind === "emergency" ? decision.attempts : []) {
      expect(attempt.calledNumber).toBe("911");
    }
  });

  test("+12129115555 is an ordinary call", () => {
    expect(decide(factsFor("+12129115555"), snapshot, quietView).kind).toBe("route");
  });

  test("a number that a dial plan makes 911 is an emergency call", () => {
    const topology = sampleTopology({
      dialPlans: [
        { name: "office", externalAccessPrefix: "", rules: [{ name: "r", match: "^77(.*)$", replace: "+$1" }] },
      ],
    });
    expect(decide(factsFor("77911"), snapshotOf(topology), quietView).kind).toBe("emergency");
  });

  test("no translation rule of a trunk touches the number, and no rule hides the caller", () => {
    const swallow = { calledRules: [{ name: "s", match: "^9(.*)$", replace: "$1" }], removePlus: true };
    const topology = sampleTopology();
    const trunks = topology.trunks.map((one) => ({ ...one, settings: { ...one.settings, ...swallow } }));
    const decision = decide(factsFor("911"), snapshotOf({ ...topology, trunks }), quietView);
    expect(decision.kind === "emergency" && decision.attempts).toMatchObject([
      { calledNumber: "911", callingNumber: "+12125550100", suppressCallerId: false },
      { calledNumber: "911" },
      { calledNumber: "911" },
      { calledNumber: "911" },
      { calledNumber: "911" },
    ]);
  });
});

describe("the chain of ways out", () => {
  const pstn = ["a-east", "b-west"];

  test("own pool's E9-1-1 trunk, the other pool's, the fallback, whatever else reaches the PSTN", () => {
    expect(trunksOf(emergency())).toEqual(["e911-east", "e911-west", "b-east", ...pstn]);
    const west = { ingressTrunk: "core-west", pool: "west" };
    expect(trunksOf(emergency(quietView, west))).toEqual(["e911-west", "e911-east", "b-east", "b-west", "a-east"]);
  });

  test("the document's order where the own pool is not preferred", () => {
    const plan = { ...sampleTopology().emergency, preferOwnPool: false };
    const decision = decide(
      factsFor("911", { ingressTrunk: "core-west", pool: "west" }),
      snapshotOf(sampleTopology({ emergency: plan })),
      quietView,
    );
    expect(trunksOf(decision)).toEqual(["e911-east", "e911-west", "b-east", ...pstn]);
  });

  test("down trunks come last and are not left out (A8)", () => {
    expect(trunksOf(emergency(liveWith({ down: ["e911-east"] })))).toEqual([
      "e911-west",
      "b-east",
      ...pstn,
      "e911-east",
    ]);
    const allDown = liveWith({ down: ["e911-east", "e911-west", "b-east", ...pstn] });
    const decision = emergency(allDown);
    expect(trunksOf(decision)).toEqual(["e911-east", "e911-west", "b-east", ...pstn]);
    expect(decision.considered.every((entry) => entry.reason === "emergency-down-last")).toBe(true);
  });

  test("a disabled trunk comes after the down ones", () => {
    const topology = sampleTopology();
    const trunks = topology.trunks.map((one) => {
      return one.name === "e911-east" ? trunk("e911-east", "east/e911/e911/5060", { enabled: false }) : one;
    });
    const changed = snapshotOf({ ...topology, trunks });
    expect(trunksOf(decide(factsFor("911"), changed, liveWith({ down: ["b-east"] })))).toEqual([
      "e911-west",
      ...pstn,
      "b-east",
      "e911-east",
    ]);
  });

  test("the trunk it came from comes after the healthy and the down ones", () => {
    const decision = decide(
      factsFor("911", { ingressTrunk: "b-east", listener: "pstn" }),
      snapshot,
      liveWith({ down: ["e911-west"] }),
    );
    expect(trunksOf(decision)).toEqual(["e911-east", ...pstn, "e911-west", "b-east"]);
  });

  describe("among more PSTN trunks than are tried unnamed", () => {
    const base = sampleTopology();
    const crowd = Array.from({ length: 70 }, (_, at) => `p${at + 1}`);
    const trunks = [...base.trunks, ...crowd.map((name, at) => trunk(name, `east/pstn/carrier-a/${7000 + at}`))];
    const sos = trunk("sos", "east/pstn/carrier-b/7100");
    const plan = { ...base.emergency, trunks: [], fallbackTrunks: [], screeningNumber: "+18005550199" };
    const named = snapshotOf({
      ...base,
      trunks: [...trunks, sos],
      emergency: { ...plan, screeningTrunks: ["sos"], screenedCalls: "screening-number" },
    });
    const decided = (live: LiveView): Extract<Decision, { kind: "emergency" }> => {
      const decision = decide(factsFor("911"), named, live);
      if (decision.kind !== "emergency") throw new Error(`decided ${decision.kind}`);
      return decision;
    };

    test("the only healthy one is tried first, wherever the document has it", () => {
      const down = [...trunks.slice(0, -1).map(({ name }) => name), "sos"];
      expect(trunksOf(decided(liveWith({ down })))[0]).toBe("p70");
    });

    test("the trunk named for the screening number is kept, and first for a screened call", () => {
      const decision = decided(quietView);
      expect(decision.considered).toContainEqual(
        expect.objectContaining({ trunk: "sos", reason: "emergency-screening" }),
      );
      expect(trunksOf(screenedFirst(decision, "screened", named))[0]).toBe("sos");
    });

    test("the screening number is dialled where no trunk is named for it", () => {
      const unnamed = snapshotOf({ ...base, trunks, emergency: plan });
      const decision = decide(factsFor("911"), unnamed, quietView);
      const reasons = decision.considered.map(({ reason }) => reason);
      for (const reason of ["emergency-pstn", "emergency-screening"] as const) {
        expect(reasons.filter((one) => one === reason)).toHaveLength(64);
      }
    });
  });

  test("every way is explained", () => {
    expect(emergency(liveWith({ down: ["e911-east"] })).considered).toEqual([
      { trunk: "e911-west", route: null, verdict: "chosen", reason: "emergency" },
      { trunk: "b-east", route: null, verdict: "chosen", reason: "emergency-fallback" },
      { trunk: "a-east", route: null, verdict: "chosen", reason: "emergency-pstn" },
      { trunk: "b-west", route: null, verdict: "chosen", reason: "emergency-pstn" },
      { trunk: "e911-east", route: null, verdict: "chosen", reason: "emergency-down-last" },
    ]);
  });
});

describe("the chain by tiers", () => {
  const base = sampleTopology();

  function reasons(topology: Topology, more: Partial<RequestFacts> = {}): readonly string[] {
    return decide(factsFor("911", more), snapshotOf(topology), quietView).considered.map(
      ({ trunk: name, reason }) => `${name} ${reason}`,
    );
  }

  test("an E9-1-1 trunk that nobody named comes after those named", () => {
    const plan = { ...base.emergency, trunks: ["e911-west"], fallbackTrunks: [] };
    expect(reasons({ ...base, emergency: plan }).slice(0, 2)).toEqual([
      "e911-west emergency",
      "e911-east emergency-other-pool",
    ]);
  });

  test("an ELIN gateway comes before fallback trunks, unless it is one of them", () => {
    const trunks = base.trunks.map((one) => {
      const elin = { ...one.settings.emergency, profile: "elin" } as const;
      return one.name === "a-east" ? { ...one, settings: { ...one.settings, emergency: elin } } : one;
    });
    expect(reasons({ ...base, trunks }).slice(2, 4)).toEqual(["a-east emergency-elin", "b-east emergency-fallback"]);
    const plan = { ...base.emergency, fallbackTrunks: ["b-east", "a-east"] };
    expect(reasons({ ...base, trunks, emergency: plan }).slice(2, 4)).toEqual([
      "b-east emergency-fallback",
      "a-east emergency-fallback",
    ]);
  });

  test("the screening number is dialled last, over every trunk to the PSTN, in the form the trunk wants", () => {
    const plan = { ...base.emergency, screeningNumber: "+18005550199" };
    const trunks = base.trunks.map((one) => {
      return one.name === "a-east" ? { ...one, settings: { ...one.settings, removePlus: true } } : one;
    });
    const decision = decide(factsFor("911"), snapshotOf({ ...base, trunks, emergency: plan }), quietView);
    const attempts = decision.kind === "emergency" ? decision.attempts.slice(5) : [];
    expect(attempts).toMatchObject([
      { trunk: "a-east", calledNumber: "18005550199", emergency: { kind: "plain", screening: true } },
      { trunk: "b-east", calledNumber: "+18005550199", emergency: { kind: "plain", screening: true } },
      { trunk: "b-west", calledNumber: "+18005550199", emergency: { kind: "plain", screening: true } },
    ]);
  });

  test("a trunk named for the screening number gets only that (A17)", () => {
    const plan = {
      ...base.emergency,
      fallbackTrunks: [],
      screeningNumber: "+18005550199",
      screeningTrunks: ["b-west", "a-east"],
    };
    expect(reasons({ ...base, emergency: plan })).toEqual([
      "e911-east emergency",
      "e911-west emergency",
      "b-east emergency-pstn",
      "b-west emergency-screening",
      "a-east emergency-screening",
    ]);
  });

  test("trunks of a stand-alone pool are ways out of every pool", () => {
    const alone: Topology = {
      ...base,
      pools: [...base.pools, pool("sos", [listener("e911", 5080)])],
      trunks: [...base.trunks, trunk("e911-alone", "sos/e911/e911/5061")],
    };
    expect(reasons(alone)).toContain("e911-alone emergency-other-pool");
  });

  test("the clear twin of a TLS trunk waits for a TLS failure", () => {
    const trunks = [
      ...base.trunks.map((one) => {
        return one.name === "e911-east" ? { ...one, settings: { ...one.settings, clearTrunk: "clear" } } : one;
      }),
      trunk("clear", "east/e911/e911/5061"),
    ];
    const allowed = snapshotOf({ ...base, trunks, emergency: { ...base.emergency, clearFallback: true } });
    const decision = decide(factsFor("911"), allowed, quietView);
    expect(trunksOf(decision)).not.toContain("clear");
    expect(attemptPlans(decision, allowed)[0]?.inClear?.profile.trunk).toBe("clear");
    const forbidden = snapshotOf({ ...base, trunks });
    expect(attemptPlans(decide(factsFor("911"), forbidden, quietView), forbidden)[0]?.inClear).toBeUndefined();
  });

  test.each([
    ["none where it has no limit", 0, undefined],
    ["of its own limit", 5, { maxCalls: 5, preempts: true }],
  ])("the clear twin takes a place by its own settings: %s", (_, maxCalls, seizes) => {
    const clear = trunk("clear", "east/e911/e911/5061");
    const trunks = [
      ...base.trunks.map((one) => {
        const settings = { ...one.settings, clearTrunk: "clear", maxCalls: 2 };
        return one.name === "e911-east" ? { ...one, settings } : one;
      }),
      { ...clear, settings: { ...clear.settings, maxCalls } },
    ];
    const shot = snapshotOf({ ...base, trunks, emergency: { ...base.emergency, clearFallback: true } });
    const [first] = attemptPlans(decide(factsFor("911"), shot, quietView), shot);
    expect(first?.seizes?.maxCalls).toBe(2);
    expect(first?.inClear?.seizes).toEqual(seizes);
  });

  test("attempts wait less than ordinary ones, and no longer than their trunk", () => {
    const trunks = base.trunks.map((one) => {
      const slow = one.name === "e911-east" ? { connectTimeoutMs: 500, progressTimeoutMs: 0 } : {};
      return { ...one, settings: { ...one.settings, ...slow } };
    });
    const shot = snapshotOf({ ...base, trunks });
    const plans = attemptPlans(decide(factsFor("911"), shot, quietView), shot);
    expect(plans.slice(0, 2)).toMatchObject([
      { connectTimeoutMs: 500, progressTimeoutMs: 6_000 },
      { connectTimeoutMs: 2_000, progressTimeoutMs: 6_000 },
    ]);
  });
});

describe("nothing holds up an emergency call (A11, A12)", () => {
  const limited: Partial<TrunkSettings> = { maxCalls: 2, maxCallsPerSecond: 1 };
  const topology = sampleTopology();
  const trunks = topology.trunks.map((one) => ({ ...one, settings: { ...one.settings, ...limited } }));
  const tight = snapshotOf({ ...topology, trunks });
  const full = Object.fromEntries(topology.trunks.map((one) => [one.name, 2]));

  test.each<readonly [string, LiveView]>([
    ["every trunk full", liveWith({ loads: full })],
    ["both pools draining", liveWith({ draining: ["east", "west"] })],
    ["the worker draining", liveWith({ refuse: "draining" })],
    ["the worker overloaded", liveWith({ refuse: "overload" })],
    ["Redis gone", liveWith({ refuse: "store-unavailable" })],
  ])("%s", (_, live) => {
    expect(trunksOf(decide(factsFor("911"), tight, live))).toEqual([
      "e911-east",
      "e911-west",
      "b-east",
      "a-east",
      "b-west",
    ]);
    expect(decide(factsFor("2125550100"), tight, live).kind).toBe("reject");
  });

  describe("nor one that only the dial plan makes one", () => {
    const rules = [
      { name: "outside line", match: "^0(911)$", replace: "$1" },
      { name: "test line", match: "^0(933)$", replace: "$1" },
    ];
    const office: Topology = { ...topology, trunks, dialPlans: [{ name: "office", externalAccessPrefix: "", rules }] };
    const planned = snapshotOf(office);

    test.each<readonly [string, LiveView, string]>([
      ["the ingress trunk full", liveWith({ loads: full }), "call-limit-reached"],
      ["both pools draining", liveWith({ draining: ["east", "west"] }), "draining"],
      ["the worker draining", liveWith({ refuse: "draining" }), "draining"],
      ["the worker overloaded", liveWith({ refuse: "overload" }), "overload"],
      ["Redis gone", liveWith({ refuse: "store-unavailable" }), "store-unavailable"],
    ])("%s; a test call and an ordinary one are refused as ever", (_, live, failure) => {
      expect(decide(factsFor("0911"), planned, live)).toMatchObject({ kind: "emergency", number: "911", test: false });
      expect(decide(factsFor("0933"), planned, live)).toMatchObject({ kind: "reject", failure });
      expect(decide(factsFor("02125550100"), planned, live)).toMatchObject({ kind: "reject", failure });
    });

    test("a disabled ingress trunk", () => {
      const disabled = trunks.map((one) => {
        return one.gateway === "core" ? { ...one, settings: { ...one.settings, enabled: false } } : one;
      });
      const shut = snapshotOf({ ...office, trunks: disabled });
      expect(decide(factsFor("0911"), shut, quietView)).toMatchObject({ kind: "emergency", number: "911" });
      expect(decide(factsFor("0933"), shut, quietView)).toMatchObject({ failure: "trunk-disabled" });
    });

    test("what is no number stays none, whatever a rule makes of nothing", () => {
      const hotline = {
        name: "office",
        externalAccessPrefix: "",
        rules: [{ name: "r", match: "^.*$", replace: "911" }],
      };
      const shot = snapshotOf({ ...office, dialPlans: [hotline] });
      const other = factsFor("", { requestUri: { scheme: "other", user: "", host: "h", phoneContext: null } });
      expect(decide(other, shot, quietView)).toMatchObject({ failure: "unsupported-scheme" });
      expect(decide(withUri("urn", "urn:service:directory"), shot, quietView)).toMatchObject({ failure: "no-route" });
      expect(decide(factsFor(""), shot, liveWith({ refuse: "overload" })).kind).toBe("emergency");
    });

    test("of a stranger, who has no dial plan, it is not known", () => {
      const facts = factsFor("0911", { ingressTrunk: null });
      expect(decide(facts, planned, quietView)).toMatchObject({ failure: "unknown-source" });
    });
  });

  test("its attempts carry no limits", () => {
    for (const plan of attemptPlans(decide(factsFor("911"), tight, quietView), tight)) {
      expect([plan.maxCalls, plan.maxCallsPerSecond]).toEqual([0, 0]);
    }
    const [ordinary] = attemptPlans(decide(factsFor("2125550100"), tight, quietView), tight);
    expect([ordinary?.maxCalls, ordinary?.maxCallsPerSecond, ordinary?.keptForEmergency]).toEqual([2, 1, undefined]);
  });

  test("ordinary attempts leave the places of the reserve free, and say how many these are", () => {
    const settings = { maxCalls: 10, emergencyReserve: 3 };
    const kept = topology.trunks.map((one) => ({ ...one, settings: { ...one.settings, ...settings } }));
    const roomy = snapshotOf({ ...topology, trunks: kept });
    const [ordinary] = attemptPlans(decide(factsFor("2125550100"), roomy, quietView), roomy);
    expect(ordinary).toMatchObject({ maxCalls: 7, keptForEmergency: 3 });
  });

  test("a disabled ingress trunk", () => {
    const disabled = topology.trunks.map((one) => {
      return one.gateway === "core" ? { ...one, settings: { ...one.settings, enabled: false } } : one;
    });
    const decision = decide(factsFor("911"), snapshotOf({ ...topology, trunks: disabled }), quietView);
    expect(trunksOf(decision)).toEqual(["e911-east", "e911-west", "b-east", "a-east", "b-west"]);
  });
});

describe("an unknown source", () => {
  const stranger = { ingressTrunk: null };

  test("is served where callers live, whatever prefix it dialled", () => {
    expect(emergency(quietView, stranger).kind).toBe("emergency");
    expect(decide(factsFor("9911", stranger), snapshot, quietView).kind).toBe("emergency");
  });

  test("is refused where only gateways should be", () => {
    expect(emergency(quietView, { ...stranger, listener: "pstn" })).toMatchObject({ failure: "unknown-source" });
  });

  test("is refused on a listener nobody knows", () => {
    expect(emergency(quietView, { ...stranger, listener: "nowhere" })).toMatchObject({ failure: "unknown-source" });
  });

  test("may not place test calls: nobody's life is at stake", () => {
    expect(decide(factsFor("933", stranger), snapshot, quietView)).toMatchObject({ failure: "unknown-source" });
  });
});

describe("test calls (B4)", () => {
  test("933 takes the E9-1-1 trunks as itself, marked a test, and no fallback", () => {
    const decision = decide(factsFor("933"), snapshot, quietView);
    expect(decision).toMatchObject({ kind: "emergency", test: true, service: "urn:service:test.sos" });
    expect(trunksOf(decision)).toEqual(["e911-east", "e911-west"]);
    expect(decision.kind === "emergency" && decision.attempts[0]?.calledNumber).toBe("933");
  });

  test("a draining worker refuses them", () => {
    expect(decide(factsFor("933"), snapshot, liveWith({ refuse: "draining" }))).toMatchObject({ failure: "draining" });
  });

  test("the test service without a test number is 404 and never rings at a call taker", () => {
    const plan = { ...sampleTopology().emergency, numbers: [{ dial: "911", masks: [], test: false }] };
    const without = snapshotOf(sampleTopology({ emergency: plan }));
    expect(decide(withUri("urn", "urn:service:test.sos"), without, quietView)).toMatchObject({ failure: "no-route" });
  });
});

describe("a topology without emergency trunks", () => {
  const base = sampleTopology();
  const plan = { ...base.emergency, trunks: [], fallbackTrunks: [] };
  const trunks = base.trunks.filter(({ gateway: name }) => name !== "e911");

  test("sends the call along whatever route matches the number, usages or not, then to any PSTN trunk", () => {
    const routes = [route("urgent", String.raw`^\+?911$`, ["a-east", "b-west"], { usages: ["nobody"] })];
    const decision = decide(
      factsFor("9911"),
      snapshotOf({ ...base, trunks, emergency: plan, routes }),
      liveWith({ down: ["a-east"] }),
    );
    expect(decision.kind).toBe("emergency");
    expect(trunksOf(decision)).toEqual(["b-west", "b-east", "a-east"]);
  });

  test("gives the core its call back only where there is nobody else", () => {
    const routes = [route("all", "^.*$", ["core-west", "b-east"])];
    expect(trunksOf(decide(factsFor("911"), snapshotOf({ ...base, routes }), quietView))).not.toContain("core-west");
    const lonely = { ...base, trunks: trunks.filter(({ gateway: name }) => name === "core"), emergency: plan };
    const back = [route("all", "^.*$", ["core-west"])];
    expect(trunksOf(decide(factsFor("911"), snapshotOf({ ...lonely, routes: back }), quietView))).toEqual([
      "core-west",
    ]);
  });

  test("has nobody to answer a test call, which rings at no call taker", () => {
    const decision = decide(factsFor("933"), snapshotOf({ ...base, trunks, emergency: plan }), quietView);
    expect(decision).toMatchObject({ kind: "reject", failure: "no-emergency-trunk" });
  });
});

describe("Priority: emergency alone (RFC 3261 §20.26)", () => {
  const urgent = { priorityHeader: "Emergency" };

  function from(trusted: boolean, number: string, live: LiveView = quietView): Decision {
    const base = sampleTopology();
    const trunks = base.trunks.map((one) => ({ ...one, settings: { ...one.settings, trusted } }));
    return decide(factsFor(number, urgent), snapshotOf({ ...base, trunks }), live);
  }

  test("from a trusted peer marks the call: where its number is routed first, then the emergency number", () => {
    const decision = from(true, "2125550100", liveWith({ refuse: "draining" }));
    expect(decision).toMatchObject({ kind: "emergency", number: "911", service: "urn:service:sos", test: false });
    const called = decision.kind === "emergency" ? decision.attempts : [];
    expect(called.slice(0, 4).map(({ trunk: name, calledNumber }) => `${name} ${calledNumber}`)).toEqual([
      "a-east +12125550100",
      "b-east +12125550100",
      "b-west +12125550100",
      "e911-east 911",
    ]);
  });

  test("from a trusted peer with a number nobody routes: the E9-1-1 trunks", () => {
    expect(trunksOf(from(true, "15"))[0]).toBe("e911-east");
  });

  test("from an untrusted peer it marks nothing", () => {
    expect(from(false, "2125550100").kind).toBe("route");
    expect(from(false, "15")).toMatchObject({ kind: "reject", failure: "no-route" });
  });

  test("from a stranger it marks nothing", () => {
    expect(decide(factsFor("2125550100", { ...urgent, ingressTrunk: null }), snapshot, quietView)).toMatchObject({
      failure: "unknown-source",
    });
  });
});

describe("location policies (A15)", () => {
  const paris: LocationPolicy = {
    ...defaultLocationPolicy,
    name: "paris",
    numbers: [
      { dial: "112", masks: ["18"], test: false },
      { dial: "933", masks: [], test: false },
    ],
    trunks: ["e911-west"],
    fallbackTrunks: ["b-west"],
    testCalls: { trunks: ["a-east"], notify: false },
  };
  const named = (name: string): LocationPolicy => ({ ...defaultLocationPolicy, name });
  const base = sampleTopology();
  const topology: Topology = {
    ...base,
    pools: base.pools.map((one) => (one.name === "west" ? { ...one, locationPolicy: "by-pool" } : one)),
    emergency: {
      ...base.emergency,
      policy: "by-plan",
      policies: [paris, named("by-user"), named("by-pool"), named("by-plan")],
      users: [{ numbers: ["+12125550100", String.raw`\+1646555\d{4}`], policy: "by-user" }],
      sites: [
        { name: "campus", subnets: ["10.0.0.0/8", "2001:db8::/32"], policy: null, erl: null, location: null },
        { name: "floor", subnets: ["10.1.2.0/24"], policy: "paris", erl: null, location: null },
      ],
    },
  };
  const shot = snapshotOf(topology);
  const someone = "+13105550100";

  test.each<readonly [string, Partial<RequestFacts>, string | null, string]>([
    ["the site with the longest subnet", { callerAddress: "10.1.2.3" }, "floor", "paris"],
    [
      "the site beats the user's own policy",
      { callerAddress: "10.1.2.3", callingNumber: "+12125550100" },
      "floor",
      "paris",
    ],
    ["a site without a policy leaves it to the user", { callerAddress: "10.9.9.9" }, "campus", "by-user"],
    ["an IPv6 site", { callerAddress: "2001:db8::7" }, "campus", "by-user"],
    ["the user's number, without +", { callingNumber: "12125550100" }, null, "by-user"],
    ["the user's number by pattern", { callingNumber: "+16465550177" }, null, "by-user"],
    [
      "an unknown subnet and an unknown user leave it to the pool",
      { callerAddress: "192.0.2.9", callingNumber: someone, pool: "west", ingressTrunk: "core-west" },
      null,
      "by-pool",
    ],
    ["nothing known: the plan's", { callingNumber: someone }, null, "by-plan"],
    ["no address at all", { callingNumber: someone, callerAddress: "unknown" }, null, "by-plan"],
  ])("%s", (_, more, site, policy) => {
    expect(decide(factsFor("911", more), shot, quietView)).toMatchObject({ kind: "emergency", site, policy });
  });

  test("a policy's trunks come before the plan's, which stay", () => {
    const decision = decide(factsFor("911", { callerAddress: "10.1.2.3" }), shot, quietView);
    expect(trunksOf(decision)).toEqual(["e911-west", "e911-east", "b-west", "b-east", "a-east"]);
  });

  test.each([
    ["its own number", "18", "112"],
    ["its own number as a dial string", "112", "112"],
    ["the plan's number", "911", "911"],
  ])("a policy's callers may dial %s", (_, dialledNumber, number) => {
    const facts = factsFor(dialledNumber, { callerAddress: "10.1.2.3" });
    expect(decide(facts, shot, quietView)).toMatchObject({ kind: "emergency", number, test: false });
  });

  test("a policy's number is none for others", () => {
    expect(decide(factsFor("18"), shot, quietView)).toMatchObject({ kind: "reject" });
  });

  test("on a collision the policy's number wins", () => {
    const there = factsFor("933", { callerAddress: "10.1.2.3" });
    expect(decide(there, shot, quietView)).toMatchObject({ kind: "emergency", test: false });
    expect(decide(factsFor("933"), shot, quietView)).toMatchObject({ kind: "emergency", test: true });
  });

  test("test calls go to the policy's test trunks and nowhere else", () => {
    const testing = { ...paris, numbers: [] };
    const policies = [testing, ...topology.emergency.policies.slice(1)];
    const tested = snapshotOf({ ...topology, emergency: { ...topology.emergency, policies } });
    expect(trunksOf(decide(factsFor("933", { callerAddress: "10.1.2.3" }), tested, quietView))).toEqual(["a-east"]);
  });

  test("a dial plan that makes a policy's number counts by the caller's policy", () => {
    expect(decide(factsFor("918", { callerAddress: "10.1.2.3" }), shot, quietView)).toMatchObject({ number: "112" });
    expect(decide(factsFor("918"), shot, quietView)).toMatchObject({ kind: "reject" });
  });
});
