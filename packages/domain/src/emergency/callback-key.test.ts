import { describe, expect, test } from "vitest";
import { callbackKey } from "./callback-key.ts";

describe("one callback number, however it is written", () => {
  test.each([
    ["+12125550100"],
    ["12125550100"],
    ["2125550100"],
    ["212-555-0100"],
    ["+1 (212) 555-0100"],
    ["+1.212.555.0100"],
    ["2125550100;phone-context=+1"],
  ])("%s", (written) => {
    expect(callbackKey(written)).toBe("2125550100");
  });

  test.each([
    ["+442079460100", "442079460100"],
    ["2001", "2001"],
    ["Alice", "alice"],
    ["1234", "1234"],
    ["", ""],
  ])("%s stays what it is", (written, key) => {
    expect(callbackKey(written)).toBe(key);
  });
});
