import type { PoolScaler, PoolSize } from "@tandem/call-control";
import { expect, it } from "vitest";
import { until } from "../redis/until.ts";
import { valueOf, type Harness } from "./harness.ts";

/** What every PoolScaler promises. The harness runs pool `east` with one worker and one edge, and no pool `nowhere`. */
export function describePoolScaler(setUp: () => Promise<Harness<PoolScaler>>): void {
  it("tells the size a pool began with", async () => {
    await using harness = await setUp();
    expect(valueOf(await harness.subject.read("east")).desired).toEqual({ workers: 1, edges: 1 });
    await settled(harness.subject, { workers: 1, edges: 1 });
  });

  it("scales workers up and down; edges stay as they are", async () => {
    await using harness = await setUp();
    expect(valueOf(await harness.subject.scale("east", { workers: 3 })).desired).toEqual({ workers: 3, edges: 1 });
    await settled(harness.another(), { workers: 3, edges: 1 });
    await harness.another().scale("east", { workers: 2 });
    await settled(harness.subject, { workers: 2, edges: 1 });
  });

  it("keeps the last of several wishes, and asking twice is asking once", async () => {
    await using harness = await setUp();
    for (const workers of [4, 1, 2, 2]) await harness.subject.scale("east", { workers });
    expect(valueOf(await harness.subject.read("east")).desired.workers).toBe(2);
    await settled(harness.subject, { workers: 2, edges: 1 });
  });

  it("scales edges, or says that it cannot", async () => {
    await using harness = await setUp();
    const answer = await harness.subject.scale("east", { workers: 1, edges: 2 });
    if (!answer.ok) expect(answer.error.code).toBe("not-implemented");
    await settled(harness.subject, { workers: 1, edges: answer.ok ? 2 : 1 });
  });

  it.each([{ workers: 0 }, { workers: -1 }, { workers: 1.5 }, { workers: 257 }, { workers: 1, edges: 0 }])(
    "refuses $workers workers and $edges edges, and changes nothing",
    async (wanted) => {
      await using harness = await setUp();
      expect(await harness.subject.scale("east", wanted)).toMatchObject({ ok: false, error: { code: "bad-request" } });
      expect(valueOf(await harness.subject.read("east")).desired).toEqual({ workers: 1, edges: 1 });
    },
  );

  it("knows only the pools it runs", async () => {
    await using harness = await setUp();
    const unknown = { ok: false, error: { code: "not-found" } };
    expect(await harness.subject.read("nowhere")).toMatchObject(unknown);
    expect(await harness.subject.scale("nowhere", { workers: 1 })).toMatchObject(unknown);
  });
}

async function settled(scaler: PoolScaler, { workers, edges }: PoolSize): Promise<void> {
  await until(
    async () => {
      const { current } = valueOf(await scaler.read("east"));
      return current.workers === workers && current.edges === edges;
    },
    { what: `${workers} workers and ${edges} edges`, limitMs: 30_000 },
  );
}
