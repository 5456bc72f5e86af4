import { describe, expect, test } from "vitest";
import { factsFor, liveWith, route, sampleTopology, snapshotOf, trunk } from "../../test/topology-fixture.ts";
import type { Route, Trunk } from "../topology/topology.ts";
import { decide } from "./decide.ts";
import type { Decision, RequestFacts } from "./decision.ts";
import { type LiveView, quietView } from "./live-view.ts";
import { maxAttempts } from "./select-routes.ts";

function routed(routes: readonly Route[], facts: RequestFacts, live: LiveView = quietView): Decision {
  return decide(facts, snapshotOf(sampleTopology({ routes })), live);
}

function trunksOf(decision: Decision): readonly string[] {
  return decision.kind === "reject" ? [] : decision.attempts.map((attempt) => attempt.trunk);
}

function failureOf(decision: Decision): string | null {
  return decision.kind === "reject" ? decision.failure : null;
}

const number = "2125550100";
const pstn = route("pstn", String.raw`^\+1\d{10}$`, ["a-east", "b-east", "b-west"]);

describe("admission", () => {
  test.each<readonly [string, Partial<RequestFacts>, LiveView, string]>([
    ["a source that no trunk names", { ingressTrunk: null }, quietView, "unknown-source"],
    ["a trunk the snapshot no longer has", { ingressTrunk: "gone" }, quietView, "unknown-source"],
    ["a draining pool", {}, liveWith({ draining: ["east"] }), "draining"],
    ["an overloaded worker", {}, liveWith({ refuse: "overload" }), "overload"],
    ["a worker without its store", {}, liveWith({ refuse: "store-unavailable" }), "store-unavailable"],
  ])("%s", (_, more, live, failure) => {
    expect(failureOf(routed([pstn], factsFor(number, more), live))).toBe(failure);
  });

  function withIngress(settings: Partial<Trunk["settings"]>, live: LiveView): Decision {
    const topology = sampleTopology();
    const trunks = topology.trunks.map((one) => {
      return one.name === "core-east" ? { ...one, settings: { ...one.settings, ...settings } } : one;
    });
    return decide(factsFor(number), snapshotOf({ ...topology, trunks }), live);
  }

  test("a disabled ingress trunk takes no new calls", () => {
    expect(failureOf(withIngress({ enabled: false }, quietView))).toBe("trunk-disabled");
  });

  test("an ingress trunk at its limit takes no new calls", () => {
    expect(failureOf(withIngress({ maxCalls: 2 }, liveWith({ loads: { "core-east": 2 } })))).toBe("call-limit-reached");
    expect(withIngress({ maxCalls: 2 }, liveWith({ loads: { "core-east": 1 } })).kind).toBe("route");
  });

  test.each([
    ["mailto: and the like", "other", "unsupported-scheme"],
    ["a service that is no emergency", "urn", "no-route"],
  ] as const)("%s", (_, scheme, failure) => {
    const requestUri = { scheme, user: "urn:service:counseling", host: "", phoneContext: null };
    expect(failureOf(routed([pstn], factsFor("", { requestUri })))).toBe(failure);
  });

  test("nothing dialled, or nothing left of it", () => {
    expect(failureOf(routed([pstn], factsFor("")))).toBe("incomplete-number");
    expect(failureOf(routed([pstn], factsFor("9")))).toBe("incomplete-number");
  });
});

describe("usages, routes, trunks (B6)", () => {
  test("the dial plan's number is matched, and the rule is told", () => {
    expect(routed([pstn], factsFor(number))).toMatchObject({
      kind: "route",
      normalisedNumber: "+12125550100",
      dialPlanRule: "national",
    });
  });

  test("usages from the top of the ingress trunk's list, whatever the routes' priorities", () => {
    const topology = sampleTopology();
    const trunks = topology.trunks.map((one) => {
      return one.name === "core-east" ? { ...one, settings: { ...one.settings, usages: ["first", "second"] } } : one;
    });
    const routes = [
      route("cheap", ".*", ["a-east"], { usages: ["second"], priority: 1 }),
      route("dear", ".*", ["b-east"], { usages: ["first"], priority: 9 }),
    ];
    const decision = decide(factsFor(number), snapshotOf({ ...topology, trunks, routes }), quietView);
    expect(trunksOf(decision)).toEqual(["b-east", "a-east"]);
  });

  test("inside a usage the lower priority first, equals as written", () => {
    const routes = [
      route("third", ".*", ["b-west"], { priority: 20 }),
      route("first", ".*", ["b-east"], { priority: 10 }),
      route("second", ".*", ["a-east"], { priority: 10 }),
    ];
    expect(trunksOf(routed(routes, factsFor(number)))).toEqual(["b-east", "a-east", "b-west"]);
  });

  test("except takes a number out of a route", () => {
    const routes = [
      route("all", ".*", ["a-east"], { except: [String.raw`^\+1212`] }),
      route("rest", ".*", ["b-east"], { priority: 200 }),
    ];
    expect(trunksOf(routed(routes, factsFor(number)))).toEqual(["b-east"]);
    expect(trunksOf(routed(routes, factsFor("3125550100")))).toEqual(["a-east", "b-east"]);
  });

  test("a number nobody routes is 404, one that another usage routes is 403", () => {
    const routes = [route("other", String.raw`^\+1212\d{7}$`, ["a-east"], { usages: ["in"] })];
    expect(failureOf(routed(routes, factsFor("4425550100")))).toBe("no-route");
    const refused = routed(routes, factsFor(number));
    expect(failureOf(refused)).toBe("no-shared-usage");
    expect(refused.considered).toEqual([
      { trunk: "a-east", route: "other", verdict: "skipped", reason: "no-shared-usage" },
    ]);
  });

  test("a number with no digits is matched as it is", () => {
    expect(trunksOf(routed([route("names", "alice", ["a-east"])], factsFor("alice")))).toEqual(["a-east"]);
  });

  test("a trunk is tried once, by its first route", () => {
    const routes = [route("one", ".*", ["a-east", "b-east"]), route("two", ".*", ["b-east", "b-west"])];
    const decision = routed(routes, factsFor(number));
    expect(trunksOf(decision)).toEqual(["a-east", "b-east", "b-west"]);
    expect(decision.considered).toContainEqual({
      trunk: "b-east",
      route: "two",
      verdict: "skipped",
      reason: "already-chosen",
    });
  });
});

describe("skipping trunks", () => {
  test.each<readonly [string, LiveView, readonly string[], string]>([
    ["a down trunk", liveWith({ down: ["a-east"] }), ["b-east", "b-west"], "trunk-down"],
    ["a trunk of a draining pool", liveWith({ draining: ["west"] }), ["a-east", "b-east"], "pool-draining"],
  ])("%s is skipped and the reason told", (_, live, expected, reason) => {
    const decision = routed([pstn], factsFor(number), live);
    expect(trunksOf(decision)).toEqual(expected);
    expect(decision.considered.filter((entry) => entry.verdict === "skipped").map((entry) => entry.reason)).toEqual([
      reason,
    ]);
  });

  test("all down: 503 at once (A8)", () => {
    const decision = routed([pstn], factsFor(number), liveWith({ down: ["a-east", "b-east", "b-west"] }));
    expect(failureOf(decision)).toBe("no-trunk-available");
    expect(decision.considered.map((entry) => entry.reason)).toEqual(["trunk-down", "trunk-down", "trunk-down"]);
  });

  test("unknown health counts as up", () => {
    const live = { ...quietView, trunkState: () => "unknown" as const };
    expect(trunksOf(routed([pstn], factsFor(number), live))).toHaveLength(3);
  });

  test("full and disabled trunks are skipped; all full says so", () => {
    const trunks = sampleTopology().trunks.map((one) => {
      const change = one.name === "a-east" ? { enabled: false } : { maxCalls: 10 };
      return one.name.startsWith("core") ? one : { ...one, settings: { ...one.settings, ...change } };
    });
    const snapshot = snapshotOf(sampleTopology({ routes: [pstn], trunks }));
    const oneFull = decide(factsFor(number), snapshot, liveWith({ loads: { "b-east": 10 } }));
    expect(trunksOf(oneFull)).toEqual(["b-west"]);
    expect(oneFull.considered.map((entry) => entry.reason)).toEqual(["trunk-disabled", "trunk-full", "in-order"]);
    const allFull = decide(factsFor(number), snapshot, liveWith({ loads: { "b-east": 10, "b-west": 11 } }));
    expect(failureOf(allFull)).toBe("call-limit-reached");
  });

  test("a call does not go back by the trunk it came from (B7)", () => {
    const routes = [route("hairpin", ".*", ["core-east", "core-west"])];
    const decision = routed(routes, factsFor(number));
    expect(trunksOf(decision)).toEqual(["core-west"]);
    expect(decision.considered[0]).toMatchObject({ trunk: "core-east", reason: "ingress-trunk" });
  });

  test("the plan of attempts is bounded, and what is left out is told", () => {
    const names = Array.from({ length: maxAttempts + 4 }, (_, at) => `t${at}`);
    const extra = names.map((name, at) => trunk(name, `east/pstn/carrier-b/${7000 + at}`));
    const topology = sampleTopology({ routes: [route("many", ".*", names)] });
    const snapshot = snapshotOf({ ...topology, trunks: [...topology.trunks, ...extra] });
    const decision = decide(factsFor(number), snapshot, quietView);
    expect(trunksOf(decision)).toEqual(names.slice(0, maxAttempts));
    expect(decision.considered.filter((entry) => entry.reason === "enough-attempts")).toHaveLength(4);
  });
});

describe("what the trunk sends", () => {
  function sent(settings: Partial<Trunk["settings"]>, more: Partial<Route> = {}, calling = "+12125550100") {
    const trunks = sampleTopology().trunks.map((one) => {
      return one.name === "a-east" ? { ...one, settings: { ...one.settings, ...settings } } : one;
    });
    const routes = [route("pstn", String.raw`^\+1\d{10}$`, ["a-east"], more)];
    const snapshot = snapshotOf(sampleTopology({ trunks, routes }));
    const decision = decide(factsFor(number, { callingNumber: calling }), snapshot, quietView);
    if (decision.kind !== "route") throw new Error(decision.kind);
    const [attempt] = decision.attempts;
    return [attempt?.calledNumber, attempt?.callingNumber, attempt?.suppressCallerId];
  }

  test.each<readonly [string, Partial<Trunk["settings"]>, Partial<Route>, readonly (string | boolean)[]]>([
    ["the numbers as they are", {}, {}, ["+12125550100", "+12125550100", false]],
    ["the called number without +", { removePlus: true }, {}, ["12125550100", "+12125550100", false]],
    [
      "the called number rewritten by the first rule that matches, then without +",
      {
        removePlus: true,
        calledRules: [
          { name: "a", match: String.raw`^\+1(212\d{7})$`, replace: "+011$1" },
          { name: "b", match: ".*", replace: "no" },
        ],
      },
      {},
      ["0112125550100", "+12125550100", false],
    ],
    [
      "the calling number rewritten",
      { callingRules: [{ name: "c", match: String.raw`^\+1(\d{10})$`, replace: "$1" }] },
      {},
      ["+12125550100", "2125550100", false],
    ],
    ["nothing of a suppressed caller", {}, { suppressCallerId: true }, ["+12125550100", "", true]],
    [
      "the alternate number of a suppressed caller, rewritten like any",
      { callingRules: [{ name: "c", match: String.raw`^\+1(\d{10})$`, replace: "$1" }] },
      { suppressCallerId: true, alternateCallerId: "+12125550000" },
      ["+12125550100", "2125550000", true],
    ],
  ])("%s", (_, settings, more, expected) => {
    expect(sent(settings, more)).toEqual(expected);
  });

  test("an anonymous caller stays without number", () => {
    expect(sent({ callingRules: [{ name: "c", match: ".*", replace: "+1" }] }, {}, "")[1]).toBe("");
  });
});

describe("inter-trunk routing (B7)", () => {
  const fromCarrier = { ingressTrunk: "a-east", listener: "pstn" };

  test("a carrier's call passes to the core by the usage of the carrier's trunk", () => {
    const decision = decide(factsFor("+12125550100", fromCarrier), snapshotOf(sampleTopology()), quietView);
    expect(trunksOf(decision)).toEqual(["core-east", "core-west"]);
  });

  test("and nowhere else: the same number is 403 without a shared usage", () => {
    const decision = decide(factsFor("+13125550100", fromCarrier), snapshotOf(sampleTopology()), quietView);
    expect(failureOf(decision)).toBe("no-shared-usage");
  });
});
