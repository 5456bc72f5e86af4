import { atOnce, STEP, type Steps } from "../lang/steps.ts";
import { type Pattern, patternMatches } from "../numbering/pattern.ts";
import type { Route } from "../topology/topology.ts";

export interface CompiledRoute {
  readonly route: Route;
  readonly match: Pattern;
  readonly except: readonly Pattern[];
  /** Place among all routes: by priority, then as written. */
  readonly rank: number;
}

/** Routes by the literal beginnings of their patterns, so that a number looks only at routes that could match it. */
export interface RouteIndex {
  /** Lengths of the beginnings that occur, ascending. */
  readonly lengths: readonly number[];
  /** Beginning → routes, by rank. */
  readonly buckets: ReadonlyMap<string, readonly CompiledRoute[]>;
}

export interface RouteTable {
  readonly all: RouteIndex;
  readonly byUsage: ReadonlyMap<string, RouteIndex>;
}

/** Builds the table from routes in any order. */
export function buildRouteTable(routes: readonly CompiledRoute[]): RouteTable {
  return atOnce(routeTableInSteps([...routes].sort((left, right) => left.rank - right.rank)));
}

/** The same in small steps, from routes by rank. */
export function* routeTableInSteps(ranked: readonly CompiledRoute[]): Steps<RouteTable> {
  const perUsage = new Map<string, CompiledRoute[]>();
  for (const [at, route] of ranked.entries()) {
    if (at % (10 * STEP) === 0) yield;
    for (const usage of route.route.usages) {
      const list = perUsage.get(usage);
      if (list === undefined) perUsage.set(usage, [route]);
      else if (list.at(-1) !== route) list.push(route);
    }
  }
  const all = yield* buildIndex(ranked);
  const byUsage = new Map<string, RouteIndex>();
  for (const [usage, list] of perUsage) byUsage.set(usage, yield* buildIndex(list));
  return { all, byUsage };
}

/** Routes of the index that match the number and do not except it, by rank. */
export function matchingRoutes(index: RouteIndex | undefined, number: string): readonly CompiledRoute[] {
  if (index === undefined) return [];
  const found: CompiledRoute[] = [];
  for (const length of index.lengths) {
    if (length > number.length) break;
    for (const route of index.buckets.get(number.slice(0, length)) ?? []) {
      if (routeMatches(route, number)) found.push(route);
    }
  }
  if (found.length < 2) return found;
  found.sort((left, right) => left.rank - right.rank);
  // A pattern with several beginnings (`1|12`) may have been found under more than one.
  return found.filter((route, position) => route !== found[position - 1]);
}

function routeMatches(route: CompiledRoute, number: string): boolean {
  return patternMatches(route.match, number) && !route.except.some((pattern) => patternMatches(pattern, number));
}

function* buildIndex(ranked: readonly CompiledRoute[]): Steps<RouteIndex> {
  const buckets = new Map<string, CompiledRoute[]>();
  const lengths = new Set<number>();
  for (const [at, route] of ranked.entries()) {
    if (at % (10 * STEP) === 0) yield;
    for (const prefix of route.match.prefixes) {
      lengths.add(prefix.length);
      const bucket = buckets.get(prefix);
      if (bucket === undefined) buckets.set(prefix, [route]);
      else bucket.push(route);
    }
  }
  return { lengths: [...lengths].sort((left, right) => left - right), buckets };
}
