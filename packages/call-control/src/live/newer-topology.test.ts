import { describe, expect, test } from "vitest";
import { isNewerPublication, NOTHING_PUBLISHED } from "./newer-topology.ts";

const seen = { version: 7, atMs: 1_000 };

describe("a publication", () => {
  test.each([
    { what: "of a higher version", offered: { version: 8, atMs: 2_000 }, newer: true },
    { what: "of a higher version from a clock that is behind", offered: { version: 8, atMs: 900 }, newer: true },
    { what: "of a registry that counts from one again", offered: { version: 1, atMs: 2_000 }, newer: true },
    { what: "that was seen", offered: seen, newer: false },
    { what: "that is older", offered: { version: 6, atMs: 900 }, newer: false },
  ])("$what is newer: $newer", ({ offered, newer }) => {
    expect(isNewerPublication(offered, seen)).toBe(newer);
  });

  test("is newer than none", () => {
    expect(isNewerPublication({ version: 1, atMs: 0 }, NOTHING_PUBLISHED)).toBe(true);
  });
});
