import { describe, expect, test } from "vitest";
import { spanIdOf, traceIdOf } from "../src/trace-ids.ts";

describe("ids of a call's trace", () => {
  test.each([
    ["aaaaaaaaaaaaaaaaaaaaaaaaaa", "00000000000000000000000000000000"],
    ["77777777777777777777777777", "ffffffffffffffffffffffffffffffff"],
    ["abcdefghijklmnopqrstuvwxyz", "00443214c74254b635cf84653a56d7c6"],
  ])("the trace id of %s is its first 128 bits", (callId, traceId) => {
    expect(traceIdOf(callId)).toBe(traceId);
  });

  test("what is no call id has an id all the same", () => {
    expect(traceIdOf("made by hand")).toMatch(/^[0-9a-f]{32}$/);
  });

  test("parts of a call differ, and are the same every time", () => {
    expect(spanIdOf("c", "call")).toMatch(/^[0-9a-f]{16}$/);
    expect(spanIdOf("c", "call")).toBe(spanIdOf("c", "call"));
    expect(spanIdOf("c", "call")).not.toBe(spanIdOf("c", "decision"));
  });
});
