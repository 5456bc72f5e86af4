import { describe, expect, test, vi } from "vitest";
import { systemClock } from "./clock.ts";

describe("systemClock", () => {
  test("a timer fires once, a cancelled one never", () => {
    vi.useFakeTimers();
    try {
      const fired: string[] = [];
      systemClock.after(10, () => fired.push("kept"));
      const cancel = systemClock.after(10, () => fired.push("cancelled"));
      cancel();
      vi.advanceTimersByTime(50);
      expect(fired).toEqual(["kept"]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a delay beyond the platform's range does not fire at once", () => {
    vi.useFakeTimers();
    try {
      let fired = false;
      systemClock.after(Number.MAX_SAFE_INTEGER, () => (fired = true));
      vi.advanceTimersByTime(60_000);
      expect(fired).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });
});
