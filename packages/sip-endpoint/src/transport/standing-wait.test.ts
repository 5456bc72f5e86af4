import { describe, expect, test } from "vitest";
import { StandingWait } from "./standing-wait.ts";

/** Looks every 100 ms; `back` says how long a probe takes, null: it is lost. */
function watch(looks: number, back: (look: number) => number | null): StandingWait {
  const wait = new StandingWait();
  const due: { readonly ticket: string; readonly atMs: number }[] = [];
  for (let look = 0; look < looks; look += 1) {
    const nowMs = look * 100;
    for (const { ticket, atMs } of due) if (atMs <= nowMs) wait.returned(ticket, atMs);
    wait.look(String(look), nowMs);
    const tookMs = back(look);
    if (tookMs !== null) due.push({ ticket: String(look), atMs: nowMs + tookMs });
  }
  return wait;
}

describe("the wait of a queue", () => {
  test.each([
    ["nothing was looked at", 0, () => 5, 0],
    ["it is read at once", 20, () => 1, 0],
    ["it stands", 20, (look: number) => (look < 5 ? 1 : 350), 349],
    ["the way to its head is long", 20, () => 350, 0],
    ["one stall is over when it is noticed", 20, (look: number) => (look === 18 ? 900 : 1), 0],
    ["some probes did not fit into it", 40, (look: number) => (look < 5 ? 1 : look % 3 === 0 ? 350 : null), 349],
    ["no probe ever comes back", 29, () => null, 0],
    ["none comes back any more", 29, (look: number) => (look < 5 ? 1 : null), 2_099],
    ["and at last nothing is known", 220, (look: number) => (look < 5 ? 1 : null), 0],
  ] as const)("%s", (_, looks, back, ms) => {
    expect(watch(looks, back).ms).toBe(ms);
  });

  test("a probe of somebody else says nothing", () => {
    const wait = watch(20, (look) => (look < 5 ? 1 : 350));
    wait.returned("strange", 5_000);
    expect(wait.ms).toBe(349);
  });
});
