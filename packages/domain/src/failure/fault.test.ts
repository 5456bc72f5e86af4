import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { faultOf } from "./fault.ts";

const NUMBER = "+12125550100";

class NamedLate extends Error {
  override readonly name = "NamedLate";
}

/** An error whose message is another one than when its stack was first looked at. */
function changed(message: string, later: string): Error {
  const { stack = "" } = new Error(message);
  return Object.assign(new Error(later), { stack });
}

describe("a bug", () => {
  test.each([
    ["with a message", new TypeError(`no route to ${NUMBER}`), "TypeError"],
    ["without one", new RangeError(), "RangeError"],
    ["with a class of its own", new NamedLate(NUMBER), "NamedLate"],
    ["whose message is of several lines", new Error(`a\n    at ${NUMBER}\n    at /tel/${NUMBER}:1:1`), "Error"],
  ])("%s is told by its class and place", (_, bug, error) => {
    expect(faultOf(bug)).toEqual({ error, at: expect.stringMatching(/fault\.test\.ts:\d+:\d+$/) as string });
    expect(JSON.stringify(faultOf(bug))).not.toContain(NUMBER);
  });

  test.each([
    ["that is no error", NUMBER, "string"],
    ["whose message was changed", changed(`a\n    at /tel/${NUMBER}:1:1`, "x"), "Error"],
    ["whose message was taken away", changed(`a\n    at /tel/${NUMBER}:1:1`, ""), "Error"],
    ["with a stack of its own", Object.assign(new Error("x"), { stack: `    at /tel/${NUMBER}:1:1` }), "Error"],
    ["named by what it is about", Object.assign(new Error("x"), { name: NUMBER, stack: "" }), "Error"],
  ])("%s has no place", (_, bug, error) => {
    expect(faultOf(bug)).toEqual({ error, at: "" });
  });

  test("never says what its message says", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const bug = new Error(`${before}\n    at call (/tel/${NUMBER}:1:1)\n${after}`);
        expect(faultOf(bug).at).toMatch(/fault\.test\.ts:\d+:\d+$/);
      }),
    );
  });
});
