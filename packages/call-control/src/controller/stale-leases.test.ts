import { ok } from "@tandem/domain";
import { describe, expect, it } from "vitest";
import { FakeControllerObserver, FakeGateLedger } from "../testing/fake-controller-ports.ts";
import { StaleLeases } from "./stale-leases.ts";

function world(live: ReadonlySet<string>) {
  const gate = new FakeGateLedger();
  const observer = new FakeControllerObserver();
  const calls = {
    existing: (ids: readonly string[]) => Promise.resolve(ok(new Set(ids.filter((id) => live.has(id))))),
  };
  return { gate, observer, sweep: new StaleLeases({ gate, calls, observer }) };
}

const callsOn = async (gate: FakeGateLedger, trunk: string): Promise<readonly string[]> => {
  const leases = await gate.leases(trunk);
  return leases.ok ? leases.value.map(({ callId }) => callId) : [];
};

describe("the sweep of leases", () => {
  it("ends a lease that two rounds found without its call, and no other", async () => {
    const { gate, observer, sweep } = world(new Set(["live"]));
    gate.held.set("x", [
      { callId: "live", untilMs: 10 },
      { callId: "dead", untilMs: 10 },
    ]);
    await sweep.sweep(["x", "y"]);
    expect(await callsOn(gate, "x")).toEqual(["live", "dead"]);
    await sweep.sweep(["x", "y"]);
    expect(await callsOn(gate, "x")).toEqual(["live"]);
    expect(observer.told).toContain("leases swept 1");
  });

  it("spares a lease that was taken or renewed between the rounds: its record may still be on its way", async () => {
    const { gate, sweep } = world(new Set());
    gate.held.set("x", [{ callId: "setting-up", untilMs: 10 }]);
    await sweep.sweep(["x"]);
    gate.held.set("x", [{ callId: "setting-up", untilMs: 20 }]);
    await sweep.sweep(["x"]);
    expect(await callsOn(gate, "x")).toEqual(["setting-up"]);
  });
});
