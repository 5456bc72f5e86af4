import { expect, test } from "vitest";
import { unreadyReasons, unservedReasons } from "./readiness.ts";

const good = { ownEdges: 1, topologyVersion: 3, redis: { reachable: true, outdated: null }, draining: false };

test.each([
  ["an edge of the own pool, a topology and Redis are enough", good, []],
  ["without an edge", { ...good, ownEdges: 0 }, ["no edge of the own pool is connected"]],
  ["before the first topology", { ...good, topologyVersion: 0 }, ["no topology is published yet"]],
  ["without Redis", { ...good, redis: { reachable: false, outdated: null } }, ["Redis is not reachable"]],
  [
    "with a Redis of an earlier time",
    { ...good, redis: { reachable: true, outdated: "6.0.16" } },
    ["Redis 6.0.16 is too old"],
  ],
  ["while draining", { ...good, draining: true }, ["draining"]],
])("%s", (_name, conditions, reasons) => {
  expect(unreadyReasons(conditions)).toEqual(reasons);
});

const serving = { ownEdges: 1, topologyVersion: 3, closing: false };

test.each([
  ["an edge and a topology are enough to serve what comes by its sockets", serving, []],
  ["without an edge nothing comes", { ...serving, ownEdges: 0 }, ["no edge of the own pool is connected"]],
  ["without a topology every call is refused", { ...serving, topologyVersion: 0 }, ["no topology is published yet"]],
  ["while its connections close", { ...serving, ownEdges: 0, closing: true }, ["its connections close"]],
])("%s", (_name, conditions, reasons) => {
  expect(unservedReasons(conditions)).toEqual(reasons);
});
