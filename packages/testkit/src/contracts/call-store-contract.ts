import type { CallStore, DetailRecord } from "@tandem/call-control";
import { describe, expect, it } from "vitest";
import { HOUR_MS, NOW_MS, write } from "./call-write.ts";
import { valueOf, type Harness } from "./harness.ts";
import { describeWaitingCallers } from "./waiting-callers-contract.ts";

/** What every CallStore promises. */
export function describeCallStore(setUp: () => Promise<Harness<CallStore>>): void {
  describe("the record", () => {
    it("is version 1 when created, and read back byte for byte", async () => {
      await using harness = await setUp();
      const document = '{"sdp":"v=0\\r\\n","latin1":"\u00e9\u00ff","line":"a\nb"}\n\n';
      expect(valueOf(await harness.subject.create(write({ callId: "a", document })))).toBe("created");
      expect(valueOf(await harness.another().load("a"))).toEqual({ callId: "a", version: 1, document });
    });

    it("is null for a call that never was", async () => {
      await using harness = await setUp();
      expect(valueOf(await harness.subject.load("nobody"))).toBeNull();
    });

    it("is made once: a second create leaves the first as it is", async () => {
      await using harness = await setUp();
      await harness.subject.create(write({ callId: "a", document: "first", trunks: ["in"] }));
      expect(valueOf(await harness.another().create(write({ callId: "a", document: "second", trunks: ["in"] })))).toBe(
        "exists",
      );
      expect(valueOf(await harness.subject.load("a"))?.document).toBe("first");
      expect(loadsOf(valueOf(await harness.subject.loads()))).toEqual({ in: 1 });
    });

    it("moves one version per save; an outdated save is a conflict and changes nothing", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      await subject.create(write({ callId: "a" }));
      expect(valueOf(await subject.save(write({ callId: "a", document: "second" }), 1))).toBe("saved");
      expect(valueOf(await harness.another().save(write({ callId: "a", document: "late" }), 1))).toBe("conflict");
      expect(valueOf(await subject.load("a"))).toMatchObject({ version: 2, document: "second" });
    });

    it("cannot be saved when the call is over, nor when it never was, which is told apart", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      expect(valueOf(await subject.save(write({ callId: "nobody" }), 1))).toBe("unknown");
      await subject.create(write({ callId: "a" }));
      await subject.finish(write({ callId: "a" }), 1, []);
      expect(valueOf(await subject.save(write({ callId: "a" }), 1))).toBe("gone");
    });

    it("lets exactly one of many parallel saves of one version win", async () => {
      await using harness = await setUp();
      await harness.subject.create(write({ callId: "a" }));
      const stores = [harness.subject, harness.another(), harness.another(), harness.another()];
      for (let version = 1; version <= 10; version += 1) {
        const saves = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            stores[index % stores.length]!.save(write({ callId: "a", document: String(index) }), version),
          ),
        );
        const outcomes = saves.map((saved) => valueOf(saved));
        expect(outcomes.filter((outcome) => outcome === "saved")).toHaveLength(1);
        const winner = outcomes.indexOf("saved");
        expect(valueOf(await harness.subject.load("a"))).toMatchObject({
          version: version + 1,
          document: String(winner),
        });
      }
    });
  });

  describe("the end of a call", () => {
    it("removes record, loads and index entries", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      await subject.create(write({ callId: "a", trunks: ["in", "out"], deadlineMs: NOW_MS }));
      expect(valueOf(await subject.finish(write({ callId: "a" }), 1, []))).toBe("finished");
      expect(valueOf(await subject.load("a"))).toBeNull();
      expect(loadsOf(valueOf(await subject.loads()))).toEqual({});
      expect(valueOf(await subject.count())).toBe(0);
      expect(valueOf(await subject.list(10))).toEqual([]);
      expect(valueOf(await subject.claimDue(NOW_MS + HOUR_MS, 10, 1_000))).toEqual([]);
    });

    it("needs the current version", async () => {
      await using harness = await setUp();
      await harness.subject.create(write({ callId: "a" }));
      await harness.subject.save(write({ callId: "a" }), 1);
      expect(valueOf(await harness.subject.finish(write({ callId: "a" }), 1, []))).toBe("conflict");
      expect(valueOf(await harness.subject.load("a"))).toMatchObject({ version: 2 });
    });

    it("happens once however many finish it at the same time", async () => {
      await using harness = await setUp();
      await harness.subject.create(write({ callId: "a" }));
      const stores = [harness.subject, harness.another(), harness.another()];
      const ends = await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          stores[index % stores.length]!.finish(write({ callId: "a" }), 1, [detail(`a-${String(index)}`)]),
        ),
      );
      const outcomes = ends.map((end) => valueOf(end));
      expect(outcomes.filter((outcome) => outcome === "finished")).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === "gone")).toHaveLength(29);
    });

    it("is remembered: a late duplicate does not start the call again", async () => {
      await using harness = await setUp();
      await harness.subject.create(write({ callId: "a" }));
      await harness.subject.finish(write({ callId: "a" }), 1, []);
      expect(valueOf(await harness.another().create(write({ callId: "a", trunks: ["in"] })))).toBe("exists");
      expect(valueOf(await harness.subject.load("a"))).toBeNull();
      expect(loadsOf(valueOf(await harness.subject.loads()))).toEqual({});
    });
  });

  describe("what is left to know of a call that is over", () => {
    it("is what its first finish said, and nothing before", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      expect(valueOf(await subject.lastByes("a"))).toBe("");
      await subject.create(write({ callId: "a", document: "0\n\nno end" }));
      expect(valueOf(await subject.lastByes("a"))).toBe("");
      await subject.finish({ ...write({ callId: "a" }), lastByes: "a 2 x\nb1 1 \u00e9" }, 1, []);
      await subject.finish({ ...write({ callId: "a" }), lastByes: "late" }, 0, []);
      expect(valueOf(await harness.another().lastByes("a"))).toBe("a 2 x\nb1 1 \u00e9");
      expect(valueOf(await subject.load("a"))).toBeNull();
    });

    it("is nothing where the finish said nothing", async () => {
      await using harness = await setUp();
      await harness.subject.finish(write({ callId: "a" }), 0, []);
      expect(valueOf(await harness.subject.lastByes("a"))).toBe("");
    });
  });

  describe("the end of a call that was never stored", () => {
    it("is recorded once, and the call id is remembered", async () => {
      await using harness = await setUp();
      expect(valueOf(await harness.subject.finish(write({ callId: "a" }), 0, [detail("a")]))).toBe("finished");
      expect(valueOf(await harness.another().finish(write({ callId: "a" }), 0, [detail("a")]))).toBe("gone");
      expect(valueOf(await harness.subject.create(write({ callId: "a" })))).toBe("exists");
      expect(valueOf(await harness.subject.count())).toBe(0);
    });

    it("is a conflict when somebody stored the call meanwhile", async () => {
      await using harness = await setUp();
      await harness.subject.create(write({ callId: "a", trunks: ["in"] }));
      expect(valueOf(await harness.another().finish(write({ callId: "a" }), 0, [detail("a")]))).toBe("conflict");
      expect(loadsOf(valueOf(await harness.subject.loads()))).toEqual({ in: 1 });
    });
  });

  describe("loads", () => {
    it("follow the trunks a call occupies from save to save", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      await subject.create(write({ callId: "a", trunks: ["in"] }));
      await subject.create(write({ callId: "b", trunks: ["in", "x"] }));
      await subject.save(write({ callId: "a", trunks: ["in", "x"] }), 1);
      expect(loadsOf(valueOf(await harness.another().loads()))).toEqual({ in: 2, x: 2 });
      await subject.save(write({ callId: "a", trunks: ["in", "y"] }), 2);
      expect(loadsOf(valueOf(await subject.loads()))).toEqual({ in: 2, x: 1, y: 1 });
    });

    it("count a trunk once per leg", async () => {
      await using harness = await setUp();
      await harness.subject.create(write({ callId: "a", trunks: ["loop", "loop"] }));
      expect(loadsOf(valueOf(await harness.subject.loads()))).toEqual({ loop: 2 });
    });

    it("are not moved by a save that loses or by a second finish", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      await subject.create(write({ callId: "a", trunks: ["in"] }));
      await subject.create(write({ callId: "b", trunks: ["in"] }));
      await subject.save(write({ callId: "a", trunks: ["out"] }), 7);
      expect(loadsOf(valueOf(await subject.loads()))).toEqual({ in: 2 });
      await subject.finish(write({ callId: "a" }), 1, []);
      await subject.finish(write({ callId: "a" }), 1, []);
      expect(loadsOf(valueOf(await subject.loads()))).toEqual({ in: 1 });
    });
  });

  describe("due calls", () => {
    it("are those whose deadline has passed, no others", async () => {
      await using harness = await setUp();
      await harness.subject.create(write({ callId: "past", deadlineMs: NOW_MS - 1 }));
      await harness.subject.create(write({ callId: "now", deadlineMs: NOW_MS }));
      await harness.subject.create(write({ callId: "later", deadlineMs: NOW_MS + 1 }));
      const due = valueOf(await harness.subject.claimDue(NOW_MS, 100, 1_000));
      expect(due.map((call) => call.callId).sort()).toEqual(["now", "past"]);
      expect(due[0]).toMatchObject({ version: 1, document: "{}" });
    });

    it("are the claimer's until the lease ends, then due again", async () => {
      await using harness = await setUp();
      await harness.subject.create(write({ callId: "a", deadlineMs: NOW_MS }));
      expect(valueOf(await harness.subject.claimDue(NOW_MS, 100, 5_000))).toHaveLength(1);
      expect(valueOf(await harness.another().claimDue(NOW_MS + 4_999, 100, 5_000))).toHaveLength(0);
      expect(valueOf(await harness.another().claimDue(NOW_MS + 5_000, 100, 5_000))).toHaveLength(1);
    });

    it("are not due any more after a save with a later deadline", async () => {
      await using harness = await setUp();
      await harness.subject.create(write({ callId: "a", deadlineMs: NOW_MS }));
      await harness.subject.save(write({ callId: "a", deadlineMs: NOW_MS + HOUR_MS }), 1);
      expect(valueOf(await harness.subject.claimDue(NOW_MS + HOUR_MS - 1, 100, 1_000))).toEqual([]);
    });

    it("go to one claimer each when many claim at the same time", async () => {
      await using harness = await setUp();
      const callIds = Array.from({ length: 200 }, (_, index) => `call-${String(index)}`);
      await Promise.all(callIds.map((callId) => harness.subject.create(write({ callId, deadlineMs: NOW_MS }))));
      const claimers = [harness.subject, harness.another(), harness.another(), harness.another()];
      const claimed: string[] = [];
      let round: readonly string[];
      do {
        const claims = await Promise.all(claimers.map((claimer) => claimer.claimDue(NOW_MS, 16, 60_000)));
        round = claims.flatMap((claim) => valueOf(claim).map((call) => call.callId));
        claimed.push(...round);
      } while (round.length > 0);
      expect(claimed.sort()).toEqual([...callIds].sort());
    });

    it("come at most as many as asked for, and none is forgotten", async () => {
      await using harness = await setUp();
      for (let index = 0; index < 20; index += 1) {
        await harness.subject.create(write({ callId: `call-${String(index)}`, deadlineMs: NOW_MS }));
      }
      const seen = new Set<string>();
      for (let ask = 0; ask < 200 && seen.size < 20; ask += 1) {
        const due = valueOf(await harness.subject.claimDue(NOW_MS, 3, 60_000));
        expect(due.length).toBeLessThanOrEqual(3);
        for (const call of due) seen.add(call.callId);
      }
      expect(seen.size).toBe(20);
    });
  });

  describeWaitingCallers(setUp);

  describe("the list of live calls", () => {
    it("has as many as asked for and counts all", async () => {
      await using harness = await setUp();
      for (let index = 0; index < 10; index += 1)
        await harness.subject.create(write({ callId: `call-${String(index)}` }));
      expect(valueOf(await harness.subject.list(4))).toHaveLength(4);
      expect(valueOf(await harness.subject.list(100))).toHaveLength(10);
      expect(valueOf(await harness.subject.count())).toBe(10);
    });
  });
}

function detail(id: string): DetailRecord {
  return { id, kind: "call", json: `{"id":"${id}"}` };
}

function loadsOf(loads: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...loads].filter(([, load]) => load !== 0));
}
