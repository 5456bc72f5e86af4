import { describe, expect, test } from "vitest";
import { listener, pool, sampleTopology } from "../../test/topology-fixture.ts";
import { checkPools } from "./check-pools.ts";
import type { Pool } from "./topology.ts";

const shared = { address: "0.0.0.0", advertisedAddress: "192.0.2.10" } as const;

function issuesOf(one: Pool) {
  return checkPools({ ...sampleTopology(), pools: [pool("first", [listener("core", 5060)]), one] });
}

describe("a pool of several edges that peers know by no common name or address is doubtful", () => {
  test.each<readonly [string, Pool]>([
    ["two edges", pool("east", [listener("core", 5060)], { edges: 2 })],
    ["two fused workers", pool("east", [listener("core", 5060)], { workers: 2, arrangement: "fused" })],
    [
      "two edges with a common address for one of their listeners only",
      pool("east", [listener("pstn", 5062, shared), listener("core", 5060)], { edges: 2 }),
    ],
  ])("%s", (_, one) => {
    expect(issuesOf(one)).toEqual([
      expect.objectContaining({
        severity: "warning",
        path: "pools[1].fqdn",
        problem: expect.stringMatching(/2 edges: the Contact of every call by listener "core" names/) as string,
      }),
    ]);
  });
});

describe("nothing is said of", () => {
  test.each<readonly [string, Pool]>([
    ["one edge", pool("east", [listener("core", 5060)], { workers: 3 })],
    ["one fused worker", pool("east", [listener("core", 5060)], { edges: 2, workers: 1, arrangement: "fused" })],
    ["edges with a common name", pool("east", [listener("core", 5060)], { edges: 2, fqdn: "sip.example.com" })],
    ["edges with a common address", pool("east", [listener("core", 5060, shared)], { edges: 2 })],
  ])("%s", (_, one) => {
    expect(issuesOf(one)).toEqual([]);
  });
});
