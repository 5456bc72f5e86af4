import { readFileSync } from "node:fs";
import { parseTopologyDocument } from "@tandem/topology-document";
import { describe, expect, it } from "vitest";
import { planSimulation } from "./simulation-plan.ts";

const file = new URL("../../../../deploy/sample/topology.yaml", import.meta.url);
const parsed = parseTopologyDocument(readFileSync(file, "utf8"));
if (!parsed.ok) throw new Error("the sample topology has errors");
const { topology } = parsed.value;

describe("planSimulation", () => {
  it("plays every gateway of the sample topology once per port; carrier-a refuses; the core calls", () => {
    const plan = planSimulation(topology);
    expect(plan.ok && plan.value.gateways.map(({ name, behaviour }) => [name, behaviour])).toEqual([
      ["core", "answers"],
      ["carrier-a", "refuses"],
      ["carrier-b", "answers"],
      ["e911-provider", "answers"],
    ]);
    expect(plan).toMatchObject({ value: { caller: "core", target: "127.0.0.1:5060" } });
  });

  it.each([
    ["no core", { gateways: topology.gateways.filter(({ kind }) => kind !== "core") }, "has no trunk towards a core"],
    ["a trunk less", { trunks: topology.trunks.filter(({ name }) => name !== "e911-east") }, "has no trunk e911-east"],
  ])("%s: one sentence that says what is missing and what to do", (_name, change, reason) => {
    const plan = planSimulation({ ...topology, ...change });
    expect(plan).toEqual({
      ok: false,
      error: `The sample calls need the sample topology, and this one ${reason}; add --no-demo to serve real peers.`,
    });
  });
});
