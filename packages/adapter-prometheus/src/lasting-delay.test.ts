import { expect, test } from "vitest";
import { LastingDelay } from "./lasting-delay.ts";

test.each<[string, readonly number[], number]>([
  ["nothing measured yet is no delay", [], 0],
  ["a process that begins with a stall is not overloaded", [900], 0],
  ["one stall between quiet seconds is none", [0, 900], 0],
  ["two bad seconds in a row last", [0, 900, 700], 700],
  ["the rise counts as far as it lasted", [600, 900], 600],
  ["one good second ends it", [900, 900, 10], 10],
])("%s", (_name, seconds, expected) => {
  const delay = new LastingDelay();
  for (const ms of seconds) delay.add(ms);
  expect(delay.ms).toBe(expected);
});
