import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  factsFor,
  gateway,
  listener,
  pool,
  route,
  sampleTopology,
  snapshotOf,
  trunk,
} from "../../test/topology-fixture.ts";
import type { Topology } from "../topology/topology.ts";
import { decide } from "./decide.ts";
import type { LiveView } from "./live-view.ts";

const trunkNames = ["t0", "t1", "t2", "t3", "t4"] as const;
const poolNames = ["east", "west"] as const;

const trunkFields = {
  pool: fc.constantFrom(...poolNames),
  enabled: fc.boolean(),
  maxCalls: fc.integer({ min: 0, max: 3 }),
  weight: fc.integer({ min: 0, max: 3 }),
  usages: fc.subarray(["a", "b"]),
};
const anyTrunk = fc.record(trunkFields);
const anyRoute = fc.record({
  match: fc.constantFrom(".*", String.raw`^\+1`, String.raw`\+1212\d{7}`, "911", "9.*"),
  trunks: fc.subarray(trunkNames.slice(0, 4), { minLength: 1 }),
  usages: fc.subarray(["a", "b"], { minLength: 1 }),
  priority: fc.integer({ min: 0, max: 2 }),
  strategy: fc.constantFrom("priority", "weight", "least-loaded", "hash"),
});
const anyWorld = fc.record({
  // A topology without any enabled way out for emergency calls is refused.
  trunks: fc.tuple(anyTrunk, anyTrunk, anyTrunk, anyTrunk, fc.record({ ...trunkFields, enabled: fc.constant(true) })),
  routes: fc.array(anyRoute, { maxLength: 4 }),
  fallback: fc.subarray(trunkNames.slice(0, 4)),
  hasE911: fc.boolean(),
});
const anyLive = fc.record({
  down: fc.subarray([...trunkNames]),
  loads: fc.tuple(...trunkNames.map(() => fc.integer({ min: 0, max: 4 }))),
  draining: fc.subarray([...poolNames]),
  refuse: fc.constantFrom(null, null, null, "draining", "overload", "store-unavailable"),
});
const anyCall = fc.record({
  ingressTrunk: fc.constantFrom(...trunkNames, null),
  callId: fc.string({ maxLength: 6 }),
  number: fc.constantFrom("+12125550100", "911", "9911", "112", "4711"),
});

type World = typeof anyWorld extends fc.Arbitrary<infer T> ? T : never;
type Live = typeof anyLive extends fc.Arbitrary<infer T> ? T : never;

/** Every trunk has a listener and a gateway port of its own; `t4` leads to the E9-1-1 provider. */
function topologyOf(world: World): Topology {
  return sampleTopology({
    pools: poolNames.map((name, at) => {
      return pool(name, [listener("l", 5060 + at * 10, { serves: "callers" }), listener("e", 5064 + at * 10)]);
    }),
    gateways: [gateway("peer", "192.0.2.1"), gateway("e911", "203.0.113.1", { kind: "e911" })],
    trunks: world.trunks.map(({ pool: where, ...settings }, at) => {
      return trunk(`t${at}`, `${where}/${at === 4 ? "e/e911" : "l/peer"}/${6000 + at}`, settings);
    }),
    dialPlans: [],
    routes: world.routes.map((one, at) => route(`r${at}`, one.match, one.trunks, one)),
    emergency: { ...sampleTopology().emergency, trunks: world.hasE911 ? ["t4"] : [], fallbackTrunks: world.fallback },
  });
}

function viewOf(live: Live): LiveView {
  return {
    trunkState: (name) => (live.down.some((one) => one === name) ? "down" : "up"),
    trunkLoad: (name) => live.loads[Number(name.slice(1))] ?? 0,
    poolDraining: (name) => live.draining.some((one) => one === name),
    refuseOrdinary: live.refuse,
  };
}

describe("whatever the topology and its state", () => {
  test("an ordinary call never goes to a trunk that is disabled, down, full, draining, its own, or without a shared usage", () => {
    fc.assert(
      fc.property(anyWorld, anyLive, anyCall, (world, live, call) => {
        const decision = decide(
          factsFor(call.number, { ...call, listener: "l" }),
          snapshotOf(topologyOf(world)),
          viewOf(live),
        );
        if (decision.kind !== "route") return;
        const own = world.trunks[Number(call.ingressTrunk?.slice(1))];
        expect(new Set(decision.attempts.map((attempt) => attempt.trunk)).size).toBe(decision.attempts.length);
        for (const attempt of decision.attempts) {
          const at = Number(attempt.trunk.slice(1));
          const chosen = world.trunks[at];
          const taken = world.routes[Number(attempt.route?.slice(1))];
          expect(chosen?.enabled).toBe(true);
          expect(live.down).not.toContain(attempt.trunk);
          expect(chosen?.maxCalls === 0 || (live.loads[at] ?? 0) < (chosen?.maxCalls ?? 0)).toBe(true);
          expect(live.draining).not.toContain(chosen?.pool);
          expect(attempt.trunk).not.toBe(call.ingressTrunk);
          expect(taken?.usages.some((usage) => own?.usages.includes(usage))).toBe(true);
        }
      }),
      { numRuns: 1500 },
    );
  });

  test("an emergency call where callers live is never rejected while an E9-1-1 or fallback trunk exists, and tries them all", () => {
    fc.assert(
      fc.property(anyWorld, anyLive, anyCall, (world, live, call) => {
        const ways = [...(world.hasE911 ? ["t4"] : []), ...world.fallback];
        fc.pre(ways.length > 0);
        const facts = factsFor(call.number === "4711" ? "911" : "112", { ...call, listener: "l" });
        const decision = decide(facts, snapshotOf(topologyOf(world)), viewOf(live));
        expect(decision.kind).toBe("emergency");
        if (decision.kind !== "emergency") return;
        const tried = decision.attempts.map((attempt) => attempt.trunk);
        expect(tried).toEqual(expect.arrayContaining(ways));
        expect(new Set(tried).size).toBe(tried.length);
        const states = decision.attempts.map((attempt) => viewOf(live).trunkState(attempt.trunk));
        const healthy = decision.considered.filter((entry) => !entry.reason.endsWith("-last")).length;
        expect(states.slice(0, healthy).every((state) => state === "up")).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  test("the same facts give the same decision, and every attempt is among the explanations", () => {
    fc.assert(
      fc.property(anyWorld, anyLive, anyCall, (world, live, call) => {
        const facts = factsFor(call.number, { ...call, listener: "l" });
        const decision = decide(facts, snapshotOf(topologyOf(world)), viewOf(live));
        expect(decide(facts, snapshotOf(topologyOf(world)), viewOf(live))).toEqual(decision);
        const chosen = decision.considered.filter((entry) => entry.verdict === "chosen").map((entry) => entry.trunk);
        expect(decision.kind === "reject" ? [] : decision.attempts.map((attempt) => attempt.trunk)).toEqual(chosen);
      }),
      { numRuns: 500 },
    );
  });
});
