import { expect, test } from "vitest";
import { boundUsed } from "./drain-bound.ts";

test.each([
  { what: "before the drain", sinceMs: null, nowMs: 5_000, boundMs: 60_000, used: 0 },
  { what: "at its begin", sinceMs: 5_000, nowMs: 5_000, boundMs: 60_000, used: 0 },
  { what: "half way", sinceMs: 5_000, nowMs: 35_000, boundMs: 60_000, used: 0.5 },
  { what: "at the bound", sinceMs: 5_000, nowMs: 65_000, boundMs: 60_000, used: 1 },
  { what: "beyond it", sinceMs: 5_000, nowMs: 95_000, boundMs: 60_000, used: 1 },
  { what: "with no time at all", sinceMs: 5_000, nowMs: 5_000, boundMs: 0, used: 1 },
  { what: "after the clock was put back", sinceMs: 5_000, nowMs: 1_000, boundMs: 60_000, used: 0 },
])("$what: $used", ({ sinceMs, nowMs, boundMs, used }) => {
  expect(boundUsed(sinceMs, nowMs, boundMs)).toBe(used);
});
