import { describe, expect, test } from "vitest";
import { listenerDifferences } from "./listener-differences.ts";
import type { Listener } from "./topology.ts";

function listener(name: string, port: number, transport: Listener["transport"] = "udp"): Listener {
  return { name, port, transport, address: "10.0.0.1", advertisedAddress: "", advertisedPort: 0, serves: "gateways" };
}

describe("listeners of an edge against those of its pool", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ["the same, in any order", ["out:tcp:5062", "core:udp:5060"], []],
    ["a port of the system's choice is right", ["core:udp:0", "out:tcp:5062"], []],
    ["one is missing", ["core:udp:5060"], ["out is not open"]],
    ["one is left over", ["core:udp:5060", "out:tcp:5062", "old:udp:5064"], ["old is open and not in the topology"]],
    ["another port", ["core:udp:5070", "out:tcp:5062"], ["core is udp:5070 instead of udp:5060"]],
    ["another transport", ["core:tcp:5060", "out:tcp:5062"], ["core is tcp:5060 instead of udp:5060"]],
  ])("%s", (_, announced, expected) => {
    expect(listenerDifferences([listener("core", 5060), listener("out", 5062, "tcp")], announced)).toEqual(expected);
  });
});
