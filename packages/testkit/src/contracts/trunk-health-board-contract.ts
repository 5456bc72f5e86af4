import type { TrunkHealth, TrunkHealthBoard, TrunkSignal } from "@tandem/call-control";
import { describe, expect, it } from "vitest";
import { until } from "../redis/until.ts";
import { valueOf, type Harness } from "./harness.ts";

/** What every TrunkHealthBoard promises. */
export function describeTrunkHealthBoard(setUp: () => Promise<Harness<TrunkHealthBoard>>): void {
  describe("health", () => {
    it("is empty at first, then what was set last, seen by everybody", async () => {
      await using harness = await setUp();
      expect(valueOf(await harness.subject.all())).toEqual(new Map());
      await harness.subject.set(health("x", "up"), 1);
      await harness.subject.set(health("x", "down"), 1);
      await harness.subject.set(health("y", "up"), 1);
      expect(valueOf(await harness.another().all())).toEqual(
        new Map([
          ["x", health("x", "down")],
          ["y", health("y", "up")],
        ]),
      );
    });

    it("is told to watchers when it changes", async () => {
      await using harness = await setUp();
      await harness.subject.set(health("old", "up"), 1);
      const seen: TrunkHealth[] = [];
      const unwatch = valueOf(await harness.another().watch((change) => seen.push(change)));
      await harness.subject.set(health("x", "down"), 1);
      await harness.elapse(1_000);
      await until(() => seen.length > 0, { what: "news of x" });
      expect(seen).toEqual([health("x", "down")]);
      await unwatch();
    });
  });

  describe("passive signals", () => {
    it("reach the controller in order, once", async () => {
      await using harness = await setUp();
      const signals: TrunkSignal[] = [
        { trunk: "x", outcome: "failed", code: 503, atMs: 1 },
        { trunk: "x", outcome: "unreachable", code: null, atMs: 2 },
        { trunk: "y", outcome: "answered", code: 200, atMs: 3 },
        { trunk: "x", outcome: "answered", code: 200, atMs: 4 },
      ];
      for (const signal of signals) harness.subject.report(signal);
      await harness.elapse(1_000);
      const taken: TrunkSignal[] = [];
      await until(
        async () => {
          taken.push(...valueOf(await harness.another().takeSignals(2)));
          return taken.length >= signals.length;
        },
        { what: "all signals" },
      );
      expect(taken).toEqual(signals);
      expect(valueOf(await harness.subject.takeSignals(10))).toEqual([]);
    });
  });
}

function health(trunk: string, state: TrunkHealth["state"]): TrunkHealth {
  return { trunk, state, sinceMs: 1, lastCode: 200, failures: 0, successes: 1, reason: "probe answered" };
}
