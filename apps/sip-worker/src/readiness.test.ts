import { expect, test } from "vitest";
import { unreadyReasons } from "./readiness.ts";

const good = { ownEdges: 1, topologyVersion: 3, redisReachable: true, draining: false };

test.each([
  ["an edge of the own pool, a topology and Redis are enough", good, []],
  ["without an edge", { ...good, ownEdges: 0 }, ["no edge of the own pool is connected"]],
  ["before the first topology", { ...good, topologyVersion: 0 }, ["no topology is published yet"]],
  ["without Redis", { ...good, redisReachable: false }, ["Redis is not reachable"]],
  ["while draining", { ...good, draining: true }, ["draining"]],
])("%s", (_name, conditions, reasons) => {
  expect(unreadyReasons(conditions)).toEqual(reasons);
});
