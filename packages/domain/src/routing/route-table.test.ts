import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { route } from "../../test/topology-fixture.ts";
import { compilePattern, type Pattern, patternMatches } from "../numbering/pattern.ts";
import type { Route } from "../topology/topology.ts";
import { buildRouteTable, type CompiledRoute, matchingRoutes } from "./route-table.ts";

function pattern(text: string): Pattern {
  const result = compilePattern(text);
  if (!result.ok) throw new Error(result.error.problem);
  return result.value;
}

function compiled(routes: readonly Route[]): readonly CompiledRoute[] {
  const order = [...routes].sort((left, right) => left.priority - right.priority);
  return order.map((one, rank) => ({ route: one, match: pattern(one.match), except: one.except.map(pattern), rank }));
}

function names(routes: readonly CompiledRoute[]): readonly string[] {
  return routes.map((one) => one.route.name);
}

const anyPattern = fc.constantFrom(
  String.raw`^\+1(212|646)\d{7}$`,
  String.raw`^\+1\d{10}$`,
  String.raw`^\+1[2-4]`,
  String.raw`\+?1?2?\d*`,
  ".*",
  "^(1|12|121)",
  "0100$",
  String.raw`\+12125550100`,
);
const anyRoutes = fc.array(
  fc.record({
    match: anyPattern,
    except: fc.array(anyPattern, { maxLength: 1 }),
    priority: fc.integer({ min: 0, max: 3 }),
    usages: fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 }),
  }),
  { maxLength: 12 },
);
const anyNumber = fc.oneof(
  fc.constantFrom("+12125550100", "+16465550100", "12", "121", "0100", ""),
  fc.string({ unit: fc.constantFrom("0", "1", "2", "4", "+"), maxLength: 12 }),
);

describe("the route table", () => {
  test("finds what a look at every route finds, in the same order", () => {
    fc.assert(
      fc.property(anyRoutes, anyNumber, (parts, number) => {
        const routes = compiled(parts.map((part, at) => route(`r${at}`, part.match, ["t"], part)));
        const table = buildRouteTable(routes);
        const fits = (one: CompiledRoute): boolean => {
          return patternMatches(one.match, number) && !one.except.some((except) => patternMatches(except, number));
        };
        expect(names(matchingRoutes(table.all, number))).toEqual(names(routes.filter(fits)));
        for (const usage of ["a", "b", "c"]) {
          const expected = routes.filter((one) => one.route.usages.includes(usage) && fits(one));
          expect(names(matchingRoutes(table.byUsage.get(usage), number))).toEqual(names(expected));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("a usage that no route has gives none", () => {
    expect(matchingRoutes(buildRouteTable([]).byUsage.get("x"), "1")).toEqual([]);
  });

  test("a route that names a usage twice counts once", () => {
    const table = buildRouteTable(compiled([route("r", ".*", ["t"], { usages: ["a", "a"] })]));
    expect(names(matchingRoutes(table.byUsage.get("a"), "1"))).toEqual(["r"]);
  });
});
