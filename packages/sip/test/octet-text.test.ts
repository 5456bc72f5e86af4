import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { latin1Text, unicodeOf } from "../src/index.ts";

const octetsOf = (text: string): string => latin1Text(new TextEncoder().encode(text));

describe("octets as text", () => {
  test.each([
    ["ASCII", "Ann Example", "Ann Example"],
    ["UTF-8", octetsOf("Müller, Łódź 日本"), "Müller, Łódź 日本"],
    ["latin1, which no UTF-8 is", "M\u00FCller", "M\u00FCller"],
    ["percent signs, which are no escapes here", "100%41", "100%41"],
    ["text that was decoded already", "Łódź", "Łódź"],
    ["nothing", "", ""],
  ])("%s", (_, octets, text) => {
    expect(unicodeOf(octets)).toBe(text);
  });

  test("gives back whatever was written in UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(unicodeOf(octetsOf(text))).toBe(text);
      }),
    );
  });
});
