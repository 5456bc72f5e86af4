import type { EdgeState } from "@tandem/adapter-drachtio/client";
import type { Pool } from "@tandem/domain";
import { createLogger } from "@tandem/runtime";
import { expect, test, vi } from "vitest";
import { EdgeListeners } from "./edge-listeners.ts";

function pool(ports: Readonly<Record<string, number>>): Pool {
  const listeners = Object.entries(ports).map(([name, port]) => {
    const told = { advertisedAddress: "10.0.0.1", advertisedPort: port, serves: "gateways" } as const;
    return { name, port, transport: "udp", address: "10.0.0.1", ...told } as const;
  });
  return { name: "east", edges: 1, workers: 1, listeners };
}

const edge = (listeners: readonly string[] | null): EdgeState => ({
  pool: "east",
  address: "10.0.0.1:9022",
  edge: "e1",
  listeners,
  state: "up",
  reason: null,
  sinceMs: 0,
  pendingClient: 0,
  pendingServer: 0,
});

test("an edge with other listeners than the topology is counted while it is connected, and told once per difference", () => {
  const logger = createLogger({ name: "test", level: "silent" });
  const warn = vi.spyOn(logger, "warn");
  const counted: number[] = [];
  let edges: readonly EdgeState[] = [edge(["core:udp:5060"])];
  const watched = new EdgeListeners({ logger, edges: () => edges, onOutdated: (_, count) => void counted.push(count) });
  watched.topology([pool({ core: 5060 })]);
  watched.topology([pool({ core: 5060, out: 5062 })]);
  watched.look();
  expect(warn.mock.calls.map(([fields]) => fields)).toEqual([
    { pool: "east", edge: "e1", differences: ["out is not open"] },
  ]);
  edges = [edge(["core:udp:5060", "out:udp:5062"])];
  watched.look();
  edges = [edge(null)];
  watched.look();
  expect(counted).toEqual([0, 1, 1, 0, 0]);
});
