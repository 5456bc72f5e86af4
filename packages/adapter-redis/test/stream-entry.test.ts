import { describe, expect, it } from "vitest";
import { fieldOf, takenMs } from "../src/stream-entry.ts";

describe("an entry of a stream", () => {
  it.each([
    ["as this release writes it", ["json", "{}"]],
    ["with fields of another release before and after", ["v", "2", "json", "{}", "more", "json"]],
    ["with a value that is called like a field", ["v", "json", "json", "{}"]],
  ])("%s has its fields by name", (_, fields) => {
    expect(fieldOf(["1-0", fields], "json")).toBe("{}");
  });

  it.each([[[]], [["json"]], [["v", "json"]]])("%j has no such field", (fields) => {
    expect(fieldOf(["1-0", fields], "json")).toBe("");
  });

  it("says when it was taken", () => {
    expect(takenMs(["1800000000000-7", []])).toBe(1_800_000_000_000);
  });
});
