import type { CallStore } from "@tandem/call-control";
import { describe, expect, it } from "vitest";
import { until } from "../redis/until.ts";
import { HOUR_MS, write } from "./call-write.ts";
import { valueOf, type Harness } from "./harness.ts";

/** Longer than a pause of the machine between two commands. */
const LAPSE_MS = 1_500;

/** What every CallStore promises of callers who wait. */
export function describeWaitingCallers(setUp: () => Promise<Harness<CallStore>>): void {
  describe("calls whose caller waits, and whom nobody attends to", () => {
    const waiting = (callId: string, attendedMs = LAPSE_MS, pool = "east") => write({ callId, pool, attendedMs });
    const asks = { pool: "east", mine: [] as readonly string[], forMs: HOUR_MS, limit: 10 };

    /** What the workers of the pool are given when a call has waited that nobody attends to, that one left out. */
    async function given(harness: Harness<CallStore>, mine: readonly string[] = []): Promise<readonly string[]> {
      await harness.subject.create(waiting("last"));
      await harness.elapse(LAPSE_MS + 1);
      const calls: string[] = [];
      const isLast = async (): Promise<boolean> => {
        const workers = [harness.subject, harness.another(), harness.another()];
        const asked = await Promise.all(workers.map((one) => one.attend({ ...asks, mine })));
        calls.push(...asked.flatMap(valueOf).map(({ callId }) => callId));
        return calls.includes("last");
      };
      await until(isLast, { what: "the call that waits last" });
      return calls.filter((callId) => callId !== "last");
    }

    it("are given with their record, each to one worker", async () => {
      await using harness = await setUp();
      await harness.subject.create(waiting("a"));
      await harness.subject.save({ ...waiting("a"), document: "second" }, 1);
      await harness.elapse(LAPSE_MS + 1);
      let found: readonly unknown[] = [];
      const isFound = async (): Promise<boolean> => (found = valueOf(await harness.another().attend(asks))).length > 0;
      await until(isFound, { what: "the call" });
      expect(found).toEqual([{ callId: "a", version: 2, document: "second" }]);
      expect(await given(harness)).toEqual([]);
    });

    it("are given again when whoever got them does not attend to them either", async () => {
      await using harness = await setUp();
      await harness.subject.create(waiting("a"));
      const seen: string[] = [];
      const isTwice = async (): Promise<boolean> => {
        await harness.elapse(LAPSE_MS + 1);
        seen.push(...valueOf(await harness.subject.attend({ ...asks, forMs: LAPSE_MS })).map(({ callId }) => callId));
        return seen.length === 2;
      };
      await until(isTwice, { what: "the call a second time" });
    });

    it.each([
      ["a worker says that it attends to them", (store: CallStore) => store.attend({ ...asks, mine: ["a"] })],
      ["their record was written since", (store: CallStore) => store.save(waiting("a", HOUR_MS), 1)],
      ["the caller has his answer", (store: CallStore) => store.save(write({ callId: "a", pool: "east" }), 1)],
      ["the call is over", (store: CallStore) => store.finish(write({ callId: "a", pool: "east" }), 1, [])],
      [
        "the call is over, and who ended it knew nothing of a caller",
        (store: CallStore) => store.finish(write({ callId: "a" }), 1, []),
      ],
    ])("are not given when %s", async (_what, happens) => {
      await using harness = await setUp();
      await harness.subject.create(waiting("a"));
      await happens(harness.subject);
      expect(await given(harness)).toEqual([]);
    });

    it("are not given to another pool, and no call whose caller does not wait is, whoever names it", async () => {
      await using harness = await setUp();
      await harness.subject.create(waiting("elsewhere", LAPSE_MS, "west"));
      await harness.subject.create(write({ callId: "none", pool: "east" }));
      expect(await given(harness, ["none"])).toEqual([]);
    });
  });
}
