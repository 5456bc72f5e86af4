import type { SetupClaims } from "@tandem/call-control";
import { describe, expect, it } from "vitest";
import { valueOf, type Harness } from "./harness.ts";

const NOW_MS = 1_800_000_000_000;

/** What every SetupClaims promises. */
export function describeSetupClaims(setUp: () => Promise<Harness<SetupClaims>>): void {
  describe("an emergency INVITE", () => {
    it("is of the call that claimed it first, as every process sees it", async () => {
      await using harness = await setUp();
      const first = { callId: "first", atMs: NOW_MS };
      expect(valueOf(await harness.subject.claim("invite", first))).toEqual(first);
      const later = { callId: "second", atMs: NOW_MS + 1 };
      expect(valueOf(await harness.another().claim("invite", later))).toEqual(first);
      expect(valueOf(await harness.another().claim("another", later))).toEqual(later);
    });

    it("is of one call only, however many claim it at once", async () => {
      await using harness = await setUp();
      const places = [harness.subject, harness.another(), harness.another()];
      const claims = await Promise.all(
        places.map(async (place, index) =>
          valueOf(await place.claim("invite", { callId: `call${index}`, atMs: NOW_MS })),
        ),
      );
      expect(new Set(claims.map(({ callId }) => callId)).size).toBe(1);
    });

    it("is of the call that took it over from then on", async () => {
      await using harness = await setUp();
      await harness.subject.claim("invite", { callId: "first", atMs: NOW_MS });
      const second = { callId: "second", atMs: NOW_MS + 9 };
      valueOf(await harness.another().takeOver("invite", second));
      expect(valueOf(await harness.subject.claim("invite", { callId: "third", atMs: NOW_MS }))).toEqual(second);
    });
  });
}
