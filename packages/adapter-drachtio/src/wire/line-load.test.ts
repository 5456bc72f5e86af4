import { expect, test } from "vitest";
import { LineLoad } from "./line-load.ts";

/** What the last of `count` frames, evenly from `fromMs` on for 100 ms, is told. */
function carry(load: LineLoad, fromMs: number, count: number): boolean {
  let busy = false;
  for (let frame = 0; frame < count; frame += 1) busy = load.note(fromMs + (frame * 100) / count);
  return busy;
}

test("a line is busy after a tenth of a second with fifty frames, not before", () => {
  const load = new LineLoad();
  expect(carry(load, 1_000, 50)).toBe(false);
  expect(load.note(1_100)).toBe(true);
});

test.each<[string, number, number, boolean]>([
  ["forty-nine frames are not busy", 49, 1_100, false],
  ["after a pause the line is quiet again", 80, 1_250, false],
  ["a clock set back counts like a new window", 80, 500, true],
  ["a clock set forward an hour counts like a pause", 80, 3_601_000, false],
])("%s", (_name, frames, nextMs, expected) => {
  const load = new LineLoad();
  carry(load, 1_000, frames);
  expect(load.note(nextMs)).toBe(expected);
});
