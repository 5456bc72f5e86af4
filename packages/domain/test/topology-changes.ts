import { expect } from "vitest";
import { listener, sampleTopology, trunk } from "./topology-fixture.ts";
import { defaultLocationPolicy } from "../src/topology/emergency-defaults.ts";
import type { EmergencyPlan, LocationPolicy, NetworkSite } from "../src/topology/emergency-plan.ts";
import { compileSnapshot } from "../src/topology/compile-snapshot.ts";
import type { TopologyIssue } from "../src/topology/topology-issue.ts";
import type { Topology, Trunk, TrunkSettings } from "../src/topology/topology.ts";

const plain = sampleTopology();

/** Nothing is wrong with it, nothing doubtful. */
export const right: Topology = {
  ...plain,
  emergency: {
    ...plain.emergency,
    screeningNumber: "+18005550199",
    policy: "p",
    policies: [policy({ notify: ["security"] })],
    notificationTargets: [
      { name: "security", kind: "email", address: "security@example.com", escalateTo: null, escalateAfterMs: 60_000 },
    ],
  },
};

export function issuesOf(change: Partial<Topology>): readonly TopologyIssue[] {
  const compiled = compileSnapshot({ ...right, ...change });
  return compiled.ok ? compiled.value.warnings : compiled.error;
}

/** It is the only error, and says what to write instead. */
export function expectError(change: Partial<Topology>, path: string, problem: RegExp): void {
  const found = issuesOf(change).filter((issue) => issue.severity === "error");
  expect(found).toContainEqual(expect.objectContaining({ path, problem: expect.stringMatching(problem) as string }));
  expect(found.every((issue) => issue.fix !== "")).toBe(true);
  expect(found.length).toBe(1);
}

export function withTrunk(more: Partial<Trunk>, settings: Partial<TrunkSettings> = {}): Partial<Topology> {
  const base = trunk("extra", "east/core/core/7000", settings);
  return { trunks: [...right.trunks, { ...base, ...more }] };
}

export function withListener(more: Partial<ReturnType<typeof listener>>): Partial<Topology> {
  const [east, west] = right.pools;
  if (east === undefined || west === undefined) throw new Error("two pools");
  return { pools: [{ ...east, listeners: [...east.listeners, listener("extra", 5090, more)] }, west] };
}

/** The trunk that `withTrunk` adds. */
export const last = `trunks[${right.trunks.length}]`;

export const tls = { certificateFile: "c.pem", keyFile: "k.pem", mutual: false };

export function plan(more: Partial<EmergencyPlan>): Partial<Topology> {
  return { emergency: { ...right.emergency, ...more } };
}

export function policy(more: Partial<LocationPolicy>): LocationPolicy {
  return { ...defaultLocationPolicy, name: "p", ...more };
}

export function site(more: Partial<NetworkSite>): NetworkSite {
  return { name: "s", subnets: ["10.0.0.0/8"], policy: null, erl: null, location: null, ...more };
}
