import { expect, test } from "vitest";
import { closestName } from "./did-you-mean.ts";

const known = ["listeners", "listener", "maxCalls", "weight"];

test.each([
  ["listners", "listeners"],
  ["maxcalls", "maxCalls"],
  ["max-calls", "maxCalls"],
  ["wieght", "weight"],
  ["colour", null],
  ["", null],
])("%s is taken for %s", (written, expected) => {
  expect(closestName(written, known)).toBe(expected);
});

test("a very long name costs little", () => {
  expect(closestName("x".repeat(1_000_000), known)).toBeNull();
});
