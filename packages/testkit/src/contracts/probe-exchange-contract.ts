import type { ProbeExchange, ProbeRequest, ProbeResult } from "@tandem/call-control";
import { expect, it } from "vitest";
import { until } from "../redis/until.ts";
import { valueOf, type Harness } from "./harness.ts";

/** What every ProbeExchange promises. */
export function describeProbeExchange(setUp: () => Promise<Harness<ProbeExchange>>): void {
  it("takes a request to a worker of the trunk's pool and its result back", async () => {
    await using harness = await setUp();
    const unserve = valueOf(await harness.another().serve("east", (probe) => Promise.resolve(answered(probe))));
    expect(valueOf(await harness.subject.request(request("1")))).toEqual(answered(request("1")));
    await unserve();
  });

  it("gives each request to exactly one worker, and each asker its own results", async () => {
    await using harness = await setUp();
    const taken: string[] = [];
    const serve = async (probe: ProbeRequest): Promise<ProbeResult> => {
      taken.push(probe.id);
      return Promise.resolve(answered(probe));
    };
    const workers = [harness.another(), harness.another(), harness.another()];
    const unserve = await Promise.all(workers.map(async (worker) => valueOf(await worker.serve("east", serve))));
    const askers = [harness.subject, harness.another()];
    const ids = Array.from({ length: 60 }, (_, index) => `probe-${String(index)}`);
    const results = await Promise.all(ids.map((id, index) => askers[index % 2]!.request(request(id))));
    expect(results.map((result) => valueOf(result).id)).toEqual(ids);
    expect(taken.sort()).toEqual([...ids].sort());
    await Promise.all(unserve.map((end) => end()));
  });

  it("fails when no worker of the pool is there; a worker that comes later does not get the stale request", async () => {
    await using harness = await setUp();
    const taken: string[] = [];
    const elsewhere = valueOf(await harness.another().serve("west", (probe) => Promise.resolve(answered(probe))));
    const pending = harness.subject.request(request("stale", 50));
    await harness.elapse(5_000);
    expect(await pending).toMatchObject({ ok: false, error: { code: "worker-lost" } });
    const unserve = valueOf(
      await harness.another().serve("east", (probe) => {
        taken.push(probe.id);
        return Promise.resolve(answered(probe));
      }),
    );
    expect(valueOf(await harness.subject.request(request("fresh"))).id).toBe("fresh");
    await until(() => taken.includes("fresh"));
    expect(taken).toEqual(["fresh"]);
    await Promise.all([unserve(), elsewhere()]);
  });

  it("serves no more after its end", async () => {
    await using harness = await setUp();
    const first: string[] = [];
    const unserve = valueOf(
      await harness.another().serve("east", (probe) => {
        first.push(probe.id);
        return Promise.resolve(answered(probe));
      }),
    );
    await unserve();
    const unserveSecond = valueOf(await harness.another().serve("east", (probe) => Promise.resolve(answered(probe))));
    expect(valueOf(await harness.subject.request(request("1"))).id).toBe("1");
    expect(first).toEqual([]);
    await unserveSecond();
  });
}

function request(id: string, timeoutMs = 2_000): ProbeRequest {
  return { id, trunk: "trunk", pool: "east", timeoutMs };
}

function answered(probe: ProbeRequest): ProbeResult {
  return { id: probe.id, trunk: probe.trunk, outcome: "answered", code: 200, roundTripMs: 3 };
}
