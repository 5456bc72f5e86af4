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
import type { Topology } from "../topology/topology.ts";
import { attemptPlans } from "./attempt-plan.ts";
import { decide } from "./decide.ts";
import type { Decision, RequestFacts } from "./decision.ts";
import { type LiveView, quietView } from "./live-view.ts";
import { emergency, snapshot, trunksOf } from "../../test/emergency-decision.ts";

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
