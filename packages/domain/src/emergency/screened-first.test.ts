import { describe, expect, test } from "vitest";
import { factsFor, liveWith, sampleTopology, snapshotOf } from "../../test/topology-fixture.ts";
import { decide } from "../routing/decide.ts";
import type { Decision } from "../routing/decision.ts";
import { type LiveView, quietView } from "../routing/live-view.ts";
import { defaultLocationPolicy } from "../topology/emergency-defaults.ts";
import type { EmergencyPlan, ScreenedBy } from "../topology/emergency-plan.ts";
import { routingOf, screenedFirst } from "./screened-first.ts";

const base = sampleTopology().emergency;

function planOf(change: Partial<EmergencyPlan>): EmergencyPlan {
  return { ...base, screeningNumber: "+18005550199", screeningTrunks: ["b-west"], ...change };
}

function policyOf(screenedCalls: ScreenedBy | null): Partial<EmergencyPlan> {
  return { policy: "hq", policies: [{ ...defaultLocationPolicy, name: "hq", screenedCalls }] };
}

type Emergency = Extract<Decision, { kind: "emergency" }>;

function decided(plan: EmergencyPlan, number = "911", live: LiveView = quietView) {
  const snapshot = snapshotOf(sampleTopology({ emergency: plan }));
  const decision = decide(factsFor(number), snapshot, live);
  if (decision.kind !== "emergency") throw new Error("no emergency call");
  return { decision, snapshot };
}

const ways = ({ considered }: Emergency) => considered.map(({ trunk, reason }) => `${trunk} ${reason}`);

describe("what a location asks for", () => {
  test.each([
    [{ kind: "value", method: "LIS" }, "direct"],
    [{ kind: "value", method: "assist" }, "direct"],
    [{ kind: "value", method: "Manual" }, "screened"],
    [{ kind: "value", method: null }, "screened"],
    [{ kind: "site-default", method: "Default" }, "screened"],
    [{ kind: "lis", method: "LIS" }, "direct"],
    [{ kind: "none", method: null }, "screened"],
    [{ kind: "reference", method: null }, null],
  ] as const)("%j: %s", (location, routing) => {
    expect(routingOf(location)).toBe(routing);
  });
});

describe("a screened call", () => {
  const first = planOf({ screenedCalls: "screening-number" });

  test("goes to the screening centre before every other way, and none is lost", () => {
    const { decision, snapshot } = decided(first);
    const screened = screenedFirst(decision, "screened", snapshot);
    expect(ways(screened)[0]).toBe("b-west emergency-screened-first");
    expect(screened.attempts[0]).toMatchObject({
      trunk: "b-west",
      calledNumber: "+18005550199",
      emergency: { kind: "plain", screening: true },
    });
    expect(screened.attempts.toSorted(byTrunk)).toEqual(decision.attempts.toSorted(byTrunk));
    expect(screened.attempts.slice(1)).toEqual(decision.attempts.filter(({ emergency }) => !emergency?.screening));
  });

  test.each([
    ["a location that can be trusted", first, "direct"],
    ["a reference, which only the provider fetches", first, null],
    ["a plan that leaves it to the provider", planOf({}), "screened"],
    ["a policy that leaves it to the provider", { ...first, ...policyOf("provider") }, "screened"],
  ] as const)("the order stays for %s", (_, plan, routing) => {
    const { decision, snapshot } = decided(plan);
    expect(screenedFirst(decision, routing, snapshot)).toBe(decision);
  });

  test.each([
    ["the policy says so", policyOf("screening-number")],
    ["the policy says nothing and the plan does", { ...policyOf(null), screenedCalls: "screening-number" as const }],
  ])("is screened first where %s", (_, change) => {
    const { decision, snapshot } = decided(planOf(change));
    expect(ways(screenedFirst(decision, "screened", snapshot))[0]).toBe("b-west emergency-screened-first");
  });

  test("a way to the screening centre that is down stays where it is: nobody is kept waiting for it", () => {
    const { decision, snapshot } = decided(first, "911", liveWith({ down: ["b-west"] }));
    const screened = screenedFirst(decision, "screened", snapshot);
    expect(ways(screened)[0]).toBe("e911-east emergency");
    expect(screened.attempts).toEqual(decision.attempts);
  });

  test("a test call is nobody's to screen", () => {
    const { decision, snapshot } = decided(first, "933");
    expect(screenedFirst(decision, "screened", snapshot)).toBe(decision);
  });
});

function byTrunk(left: Emergency["attempts"][number], right: Emergency["attempts"][number]): number {
  return `${left.trunk}${left.calledNumber}`.localeCompare(`${right.trunk}${right.calledNumber}`);
}
