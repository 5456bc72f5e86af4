import type { LeaderLease } from "@tandem/call-control";
import { expect, it } from "vitest";
import { until } from "../redis/until.ts";
import { valueOf, type Harness } from "./harness.ts";

const LONG_MS = 60_000;
/** Longer than a pause of the machine between two commands. */
const LAPSE_MS = 1_500;

/** What every LeaderLease promises. */
export function describeLeaderLease(setUp: () => Promise<Harness<LeaderLease>>): void {
  it("is held by the first who asks; the others learn who holds it", async () => {
    await using harness = await setUp();
    expect(valueOf(await harness.subject.acquire("a", LONG_MS))).toEqual({ held: true, epoch: 1, holder: "a" });
    expect(valueOf(await harness.another().acquire("b", LONG_MS))).toEqual({ held: false, epoch: 1, holder: "a" });
  });

  it("keeps its epoch while renewed", async () => {
    await using harness = await setUp();
    await harness.subject.acquire("a", LONG_MS);
    expect(valueOf(await harness.subject.acquire("a", LONG_MS))).toEqual({ held: true, epoch: 1, holder: "a" });
  });

  it("passes on with a higher epoch when released, and only its holder can release it", async () => {
    await using harness = await setUp();
    await harness.subject.acquire("a", LONG_MS);
    await harness.another().release("b");
    expect(valueOf(await harness.another().acquire("b", LONG_MS))).toMatchObject({ held: false });
    await harness.subject.release("a");
    expect(valueOf(await harness.another().acquire("b", LONG_MS))).toEqual({ held: true, epoch: 2, holder: "b" });
  });

  it("passes on with a higher epoch when it lapses; the late holder has lost it", async () => {
    await using harness = await setUp();
    await harness.subject.acquire("a", LAPSE_MS);
    expect(valueOf(await harness.another().acquire("b", LONG_MS))).toMatchObject({ held: false });
    await harness.elapse(LAPSE_MS + 1);
    await until(async () => valueOf(await harness.another().acquire("b", LONG_MS)).held, { what: "the lapse" });
    expect(valueOf(await harness.subject.acquire("a", LONG_MS))).toEqual({ held: false, epoch: 2, holder: "b" });
  });

  it("has one holder among many who ask at the same time", async () => {
    await using harness = await setUp();
    const leases = [harness.subject, harness.another(), harness.another()];
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) => leases[index % leases.length]!.acquire(`c${String(index)}`, LONG_MS)),
    );
    expect(answers.filter((answer) => valueOf(answer).held)).toHaveLength(1);
    expect(new Set(answers.map((answer) => valueOf(answer).holder)).size).toBe(1);
  });
}
