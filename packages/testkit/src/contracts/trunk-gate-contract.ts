import type { GateRequest, TrunkGate } from "@tandem/call-control";
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
