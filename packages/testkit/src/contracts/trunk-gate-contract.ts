import type { GateRequest, SeizeRequest, TrunkGate } from "@tandem/call-control";
import { describe, expect, it } from "vitest";
import { valueOf, type Harness } from "./harness.ts";

const NOW_MS = 1_800_000_000_000;

/** What every TrunkGate promises. */
export function describeTrunkGate(setUp: () => Promise<Harness<TrunkGate>>): void {
  describe("calls at once", () => {
    it("are as many as the limit and not one more, under 200 parallel reservations", async () => {
      await using harness = await setUp();
      const gates = [harness.subject, harness.another(), harness.another(), harness.another()];
      const verdicts = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          gates[index % gates.length]!.reserve(request({ callId: `call-${String(index)}`, maxCalls: 30 })),
        ),
      );
      expect(verdicts.filter((verdict) => valueOf(verdict) === "reserved")).toHaveLength(30);
      expect(verdicts.filter((verdict) => valueOf(verdict) === "full")).toHaveLength(170);
    });

    it("are without limit at 0", async () => {
      await using harness = await setUp();
      for (let index = 0; index < 50; index += 1) {
        expect(valueOf(await harness.subject.reserve(request({ callId: String(index), maxCalls: 0 })))).toBe(
          "reserved",
        );
      }
    });

    it("of one trunk do not count on another", async () => {
      await using harness = await setUp();
      await harness.subject.reserve(request({ callId: "a", trunk: "x", maxCalls: 1 }));
      expect(valueOf(await harness.subject.reserve(request({ callId: "b", trunk: "y", maxCalls: 1 })))).toBe(
        "reserved",
      );
    });

    it("get their place back with a release; releasing twice frees one place", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      await subject.reserve(request({ callId: "a", maxCalls: 2 }));
      await subject.reserve(request({ callId: "b", maxCalls: 2 }));
      expect(await subject.release("trunk", "a")).toMatchObject({ ok: true });
      expect(await harness.another().release("trunk", "a")).toMatchObject({ ok: true });
      expect(valueOf(await subject.reserve(request({ callId: "c", maxCalls: 2 })))).toBe("reserved");
      expect(valueOf(await subject.reserve(request({ callId: "d", maxCalls: 2 })))).toBe("full");
    });

    it("renew without a second place, even when the trunk is full", async () => {
      await using harness = await setUp();
      await harness.subject.reserve(request({ callId: "a", maxCalls: 1 }));
      expect(valueOf(await harness.another().reserve(request({ callId: "a", maxCalls: 1 })))).toBe("reserved");
      expect(valueOf(await harness.subject.reserve(request({ callId: "b", maxCalls: 1 })))).toBe("full");
      await harness.subject.release("trunk", "a");
      expect(valueOf(await harness.subject.reserve(request({ callId: "b", maxCalls: 1 })))).toBe("reserved");
    });

    it("count no longer once their lease lapsed, and do as long as it is renewed", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      await subject.reserve(request({ callId: "dies", maxCalls: 2, untilMs: NOW_MS + 1_000 }));
      await subject.reserve(request({ callId: "lives", maxCalls: 2, untilMs: NOW_MS + 1_000 }));
      await subject.reserve(request({ callId: "lives", maxCalls: 2, nowMs: NOW_MS + 900, untilMs: NOW_MS + 9_000 }));
      const at = (callId: string, nowMs: number): GateRequest =>
        request({ callId, maxCalls: 2, nowMs, untilMs: nowMs + 9_000 });
      expect(valueOf(await subject.reserve(at("early", NOW_MS + 999)))).toBe("full");
      expect(valueOf(await subject.reserve(at("next", NOW_MS + 1_000)))).toBe("reserved");
      expect(valueOf(await subject.reserve(at("other", NOW_MS + 1_000)))).toBe("full");
    });
  });

  describe("places of emergency calls", () => {
    const seizure = (callId: string, more: Partial<SeizeRequest> = {}): SeizeRequest => {
      return { trunk: "trunk", callId, maxCalls: 2, preempts: true, nowMs: NOW_MS, untilMs: NOW_MS + 60_000, ...more };
    };

    it("are taken from nobody while there is one", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      await subject.reserve(request({ callId: "a", maxCalls: 2 }));
      expect(valueOf(await subject.seize(seizure("sos")))).toEqual({ victim: null });
      expect(valueOf(await subject.seize(seizure("sos-2", { maxCalls: 3 })))).toEqual({ victim: null });
    });

    it("count for ordinary calls as long as they are held", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      const later = NOW_MS + 1_000;
      await subject.reserve(request({ callId: "a", maxCalls: 2 }));
      await subject.seize(seizure("sos", { untilMs: later }));
      const ordinary = request({ callId: "b", maxCalls: 2 });
      expect(valueOf(await harness.another().reserve(ordinary))).toBe("full");
      expect(valueOf(await subject.reserve(request({ callId: "a", maxCalls: 2 })))).toBe("reserved");
      expect(valueOf(await subject.reserve({ ...ordinary, nowMs: later }))).toBe("reserved");
      await subject.seize(seizure("sos-2", { maxCalls: 3, nowMs: later }));
      const third = request({ callId: "c", maxCalls: 3, nowMs: later });
      expect(valueOf(await subject.reserve(third))).toBe("full");
      await subject.release("trunk", "sos-2");
      expect(valueOf(await subject.reserve(third))).toBe("reserved");
    });

    it("fill what is kept for them before they count for ordinary calls, and are themselves never refused", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      const ordinary = (callId: string): GateRequest => request({ callId, maxCalls: 2, keptForEmergency: 1 });
      const emergency = (callId: string) => subject.seize(seizure(callId, { maxCalls: 3, preempts: false }));
      await emergency("sos");
      expect(valueOf(await subject.reserve(ordinary("a")))).toBe("reserved");
      await emergency("sos-2");
      expect(valueOf(await subject.reserve(ordinary("b")))).toBe("full");
      await subject.release("trunk", "sos");
      expect(valueOf(await subject.reserve(ordinary("b")))).toBe("reserved");
      expect(valueOf(await subject.reserve(ordinary("c")))).toBe("full");
      for (const callId of ["sos-3", "sos-4"]) expect(valueOf(await emergency(callId))).toEqual({ victim: null });
    });

    it("are taken from the oldest ordinary call of a full trunk, however often it was renewed", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      await subject.reserve(request({ callId: "first", maxCalls: 2 }));
      await subject.reserve(request({ callId: "second", maxCalls: 2, nowMs: NOW_MS + 1 }));
      await subject.reserve(request({ callId: "first", maxCalls: 2, nowMs: NOW_MS + 2, untilMs: NOW_MS + 90_000 }));
      expect(valueOf(await harness.another().seize(seizure("sos", { nowMs: NOW_MS + 3 })))).toEqual({
        victim: "first",
      });
      expect(valueOf(await subject.seize(seizure("sos-2", { nowMs: NOW_MS + 4 })))).toEqual({ victim: "second" });
      expect(valueOf(await subject.seize(seizure("sos-3", { nowMs: NOW_MS + 5 })))).toEqual({ victim: null });
    });

    it("are never taken from a call that left, nor twice for one emergency call", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      await subject.reserve(request({ callId: "left", maxCalls: 3 }));
      await subject.reserve(request({ callId: "lapsed", maxCalls: 3, nowMs: NOW_MS + 1, untilMs: NOW_MS + 2 }));
      await subject.reserve(request({ callId: "there", maxCalls: 3, nowMs: NOW_MS + 1 }));
      await subject.release("trunk", "left");
      await subject.seize(seizure("sos-1", { maxCalls: 3, nowMs: NOW_MS + 5 }));
      await subject.seize(seizure("sos-2", { maxCalls: 3, nowMs: NOW_MS + 5 }));
      expect(valueOf(await subject.seize(seizure("sos-2", { maxCalls: 3, nowMs: NOW_MS + 6 })))).toEqual({
        victim: null,
      });
      expect(valueOf(await subject.seize(seizure("sos-3", { maxCalls: 3, nowMs: NOW_MS + 7 })))).toEqual({
        victim: "there",
      });
    });

    it("are the ones the call had as an ordinary call (a transfer to 911), which nobody can take from it then", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      await subject.reserve(request({ callId: "own", maxCalls: 2 }));
      await subject.reserve(request({ callId: "other", maxCalls: 2, nowMs: NOW_MS + 1 }));
      expect(valueOf(await subject.seize(seizure("own", { nowMs: NOW_MS + 2 })))).toEqual({ victim: null });
      expect(valueOf(await subject.seize(seizure("sos", { nowMs: NOW_MS + 3 })))).toEqual({ victim: "other" });
      expect(valueOf(await subject.seize(seizure("sos-2", { nowMs: NOW_MS + 4 })))).toEqual({ victim: null });
      await subject.reserve(request({ trunk: "alone", callId: "own", maxCalls: 1 }));
      const alone = seizure("own", { trunk: "alone", maxCalls: 1 });
      expect(valueOf(await subject.seize(alone))).toEqual({ victim: null });
      await subject.release("alone", "own");
      expect(valueOf(await subject.reserve(request({ trunk: "alone", callId: "next", maxCalls: 1 })))).toBe("reserved");
    });

    it("end no call where nothing may be preempted", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      await subject.reserve(request({ callId: "a", maxCalls: 1 }));
      expect(valueOf(await subject.seize(seizure("sos", { maxCalls: 1, preempts: false })))).toEqual({ victim: null });
      expect(valueOf(await subject.seize(seizure("sos-2", { maxCalls: 0 })))).toEqual({ victim: null });
    });

    it("are given back with a release", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      await subject.reserve(request({ callId: "a", maxCalls: 2 }));
      await subject.seize(seizure("sos"));
      await harness.another().release("trunk", "sos");
      expect(valueOf(await subject.seize(seizure("sos-2")))).toEqual({ victim: null });
    });

    it("have one victim each under parallel seizures", async () => {
      await using harness = await setUp();
      const gates = [harness.subject, harness.another()];
      const ids = Array.from({ length: 40 }, (_, index) => `call-${String(index)}`);
      for (const callId of ids) await harness.subject.reserve(request({ callId, maxCalls: 40 }));
      const seized = await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          gates[index % 2]!.seize(seizure(`sos-${String(index)}`, { maxCalls: 40 })),
        ),
      );
      const victims = seized.map((one) => valueOf(one).victim);
      expect(new Set(victims).size).toBe(30);
      expect(victims.every((victim) => victim !== null && ids.includes(victim))).toBe(true);
    });
  });

  describe("new calls per second", () => {
    it("are never more than the limit in any 1000 ms", async () => {
      await using harness = await setUp();
      const reservedAtMs: number[] = [];
      for (let step = 0; step < 120; step += 1) {
        const nowMs = NOW_MS + step * 37;
        const verdict = await harness.subject.reserve(
          request({ callId: `call-${String(step)}`, maxCallsPerSecond: 5, nowMs, untilMs: nowMs + 60_000 }),
        );
        if (valueOf(verdict) === "reserved") reservedAtMs.push(nowMs);
        else expect(valueOf(verdict)).toBe("too-fast");
      }
      expect(reservedAtMs.length).toBeGreaterThanOrEqual(20);
      for (const [index, atMs] of reservedAtMs.entries()) {
        const sixth = reservedAtMs[index + 5];
        if (sixth !== undefined) expect(sixth - atMs).toBeGreaterThanOrEqual(1_000);
      }
    });

    it("hold under 200 parallel reservations", async () => {
      await using harness = await setUp();
      const gates = [harness.subject, harness.another()];
      const verdicts = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          gates[index % gates.length]!.reserve(request({ callId: `call-${String(index)}`, maxCallsPerSecond: 12 })),
        ),
      );
      expect(verdicts.filter((verdict) => valueOf(verdict) === "reserved")).toHaveLength(12);
    });

    it("are not used up by a renewal, nor by a reservation refused as full", async () => {
      await using harness = await setUp();
      const { subject } = harness;
      const limits = { maxCalls: 1, maxCallsPerSecond: 2 };
      await subject.reserve(request({ callId: "a", ...limits }));
      await subject.reserve(request({ callId: "a", ...limits }));
      expect(valueOf(await subject.reserve(request({ callId: "b", ...limits })))).toBe("full");
      await subject.release("trunk", "a");
      expect(valueOf(await subject.reserve(request({ callId: "b", ...limits })))).toBe("reserved");
      await subject.release("trunk", "b");
      expect(valueOf(await subject.reserve(request({ callId: "c", ...limits })))).toBe("too-fast");
    });
  });
}

function request(part: Partial<GateRequest> & Pick<GateRequest, "callId">): GateRequest {
  return { trunk: "trunk", maxCalls: 0, maxCallsPerSecond: 0, nowMs: NOW_MS, untilMs: NOW_MS + 60_000, ...part };
}
