import { describe, expect, test } from "vitest";
import { factsFor, liveWith, sampleTopology, snapshotOf } from "../../test/topology-fixture.ts";
import type { Topology, TrunkSettings } from "../topology/topology.ts";
import { attemptPlans } from "./attempt-plan.ts";
import { decide } from "./decide.ts";
import type { Decision, RequestFacts, UriFacts } from "./decision.ts";
import { type LiveView, quietView } from "./live-view.ts";
import { emergency, snapshot, trunksOf } from "../../test/emergency-decision.ts";

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
