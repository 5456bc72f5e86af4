import { describe, expect, test } from "vitest";
import type { Route } from "../topology/topology.ts";
import { orderTrunks, type TrunkShare } from "./order-trunks.ts";
import { spread } from "./spread.ts";

const equal: readonly TrunkShare[] = ["a", "b", "c", "d"].map((name) => ({ name, weight: 1 }));
const idle = (): number => 0;
const calls = Array.from({ length: 1000 }, (_, at) => `call-${at}`);

function firstPlaces(
  strategy: Route["strategy"],
  trunks: readonly TrunkShare[],
  load = idle,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>(trunks.map((trunk) => [trunk.name, 0]));
  for (const callId of calls) {
    const [first = ""] = orderTrunks(strategy, trunks, callId, load);
    counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  return counts;
}

function chiSquare(counts: ReadonlyMap<string, number>, shares: Readonly<Record<string, number>>): number {
  return [...counts].reduce((sum, [name, count]) => {
    const expected = (shares[name] ?? 0) * calls.length;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

// χ² beyond 16.27 has a chance of one in a thousand with three degrees of freedom; the calls are the same every run.
const limit = 16.27;

describe("trunk strategies", () => {
  test("priority: as written", () => {
    expect(orderTrunks("priority", equal, "x", () => 9)).toEqual(["a", "b", "c", "d"]);
  });

  test.each([["hash"], ["weight"], ["least-loaded"]] as const)(
    "%s shares 1000 calls evenly among equals",
    (strategy) => {
      const even = { a: 0.25, b: 0.25, c: 0.25, d: 0.25 };
      expect(chiSquare(firstPlaces(strategy, equal), even)).toBeLessThan(limit);
    },
  );

  test("hash: the second place is shared evenly too, so a lost trunk's calls spread", () => {
    const second = new Map<string, number>();
    for (const callId of calls) {
      const order = orderTrunks("hash", equal, callId, idle);
      if (order[0] !== "a") continue;
      second.set(order[1] ?? "", (second.get(order[1] ?? "") ?? 0) + 1);
    }
    for (const count of second.values()) expect(count).toBeGreaterThan(50);
    expect([...second.keys()].sort()).toEqual(["b", "c", "d"]);
  });

  test("weight: shares in proportion, weight 0 last", () => {
    const weighted = [
      { name: "a", weight: 1 },
      { name: "b", weight: 2 },
      { name: "c", weight: 5 },
      { name: "d", weight: 0 },
    ];
    const counts = new Map([...firstPlaces("weight", weighted)].filter(([name]) => name !== "d"));
    expect(chiSquare(counts, { a: 1 / 8, b: 2 / 8, c: 5 / 8 })).toBeLessThan(limit);
    expect(calls.every((callId) => orderTrunks("weight", weighted, callId, idle)[3] === "d")).toBe(true);
  });

  test("least-loaded: fewest calls for its weight first", () => {
    const loads: Readonly<Record<string, number>> = { a: 4, b: 1, c: 3, d: 0 };
    const load = (name: string): number => loads[name] ?? 0;
    expect(orderTrunks("least-loaded", equal, "x", load)).toEqual(["d", "b", "c", "a"]);
    const heavyC = equal.map((trunk) => ({ ...trunk, weight: trunk.name === "c" ? 10 : 1 }));
    expect(orderTrunks("least-loaded", heavyC, "x", load)).toEqual(["d", "c", "b", "a"]);
  });

  test("the same call gets the same order", () => {
    for (const strategy of ["hash", "weight", "least-loaded"] as const) {
      expect(orderTrunks(strategy, equal, "x", idle)).toEqual(orderTrunks(strategy, equal, "x", idle));
    }
  });
});

test("spread lies strictly between 0 and 1 and differs by call and by trunk", () => {
  const values = calls.flatMap((callId) => [spread(callId, "a"), spread(callId, "b")]);
  expect(Math.min(...values)).toBeGreaterThan(0);
  expect(Math.max(...values)).toBeLessThan(1);
  expect(new Set(values).size).toBeGreaterThan(1990);
});
