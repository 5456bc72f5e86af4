import { describe, expect, test } from "vitest";
import { factsFor, liveWith, route, sampleTopology, snapshotOf, trunk } from "../../test/topology-fixture.ts";
import type { TrunkSettings } from "../topology/topology.ts";
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
    ]);
  });
});

describe("the chain of ways out", () => {
  test("own pool's E9-1-1 trunk, the other pool's, the fallback", () => {
    expect(trunksOf(emergency())).toEqual(["e911-east", "e911-west", "b-east"]);
    const west = { ingressTrunk: "core-west", pool: "west" };
    expect(trunksOf(emergency(quietView, west))).toEqual(["e911-west", "e911-east", "b-east"]);
  });

  test("the document's order where the own pool is not preferred", () => {
    const plan = { ...sampleTopology().emergency, preferOwnPool: false };
    const decision = decide(
      factsFor("911", { ingressTrunk: "core-west", pool: "west" }),
      snapshotOf(sampleTopology({ emergency: plan })),
      quietView,
    );
    expect(trunksOf(decision)).toEqual(["e911-east", "e911-west", "b-east"]);
  });

  test("down trunks come last and are not left out (A8)", () => {
    expect(trunksOf(emergency(liveWith({ down: ["e911-east"] })))).toEqual(["e911-west", "b-east", "e911-east"]);
    const allDown = liveWith({ down: ["e911-east", "e911-west", "b-east"] });
    const decision = emergency(allDown);
    expect(trunksOf(decision)).toEqual(["e911-east", "e911-west", "b-east"]);
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
      "b-east",
      "e911-east",
    ]);
  });

  test("the trunk it came from comes after the healthy ones", () => {
    const decision = decide(
      factsFor("911", { ingressTrunk: "b-east", listener: "pstn" }),
      snapshot,
      liveWith({ down: ["e911-west"] }),
    );
    expect(trunksOf(decision)).toEqual(["e911-east", "e911-west", "b-east"]);
  });

  test("every way is explained", () => {
    expect(emergency(liveWith({ down: ["e911-east"] })).considered).toEqual([
      { trunk: "e911-west", route: null, verdict: "chosen", reason: "emergency" },
      { trunk: "b-east", route: null, verdict: "chosen", reason: "emergency-fallback" },
      { trunk: "e911-east", route: null, verdict: "chosen", reason: "emergency-down-last" },
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
    expect(trunksOf(decide(factsFor("911"), tight, live))).toEqual(["e911-east", "e911-west", "b-east"]);
    expect(decide(factsFor("2125550100"), tight, live).kind).toBe("reject");
  });

  test("its attempts carry no limits", () => {
    for (const plan of attemptPlans(decide(factsFor("911"), tight, quietView), tight)) {
      expect([plan.maxCalls, plan.maxCallsPerSecond]).toEqual([0, 0]);
    }
    const [ordinary] = attemptPlans(decide(factsFor("2125550100"), tight, quietView), tight);
    expect([ordinary?.maxCalls, ordinary?.maxCallsPerSecond]).toEqual([2, 1]);
  });

  test("a disabled ingress trunk", () => {
    const disabled = topology.trunks.map((one) => ({ ...one, settings: { ...one.settings, enabled: false } }));
    const decision = decide(factsFor("911"), snapshotOf({ ...topology, trunks: disabled }), quietView);
    expect(trunksOf(decision)).toEqual(["e911-east", "e911-west", "b-east"]);
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
  const plan = { ...sampleTopology().emergency, trunks: [], fallbackTrunks: [] };

  test("sends the call along whatever route matches the number, usages or not", () => {
    const routes = [route("urgent", String.raw`^\+?911$`, ["a-east", "b-east"], { usages: ["nobody"] })];
    const decision = decide(
      factsFor("9911"),
      snapshotOf(sampleTopology({ emergency: plan, routes })),
      liveWith({ down: ["a-east"] }),
    );
    expect(decision.kind).toBe("emergency");
    expect(trunksOf(decision)).toEqual(["b-east", "a-east"]);
  });

  test("says 503 and not 404 when there is no way at all", () => {
    const decision = decide(factsFor("911"), snapshotOf(sampleTopology({ emergency: plan })), quietView);
    expect(decision).toMatchObject({ kind: "reject", failure: "no-emergency-trunk" });
  });
});
