import { assert, constantFrom, nat, property, stringMatching } from "fast-check";
import { describe, expect, it } from "vitest";
import { parseOurTag, sipCallIdOf, spread, tagOf } from "./identity.ts";

const CALL = "k5xq3m7bnt2z4y6w8v5r3p7s2a";

describe("our tags", () => {
  it.each([
    [`${CALL}-a`, { leg: "a", party: "a", dialog: "a" }],
    [`${CALL}-a.2`, { leg: "a", party: "a", dialog: "a.2" }],
    [`${CALL}-b1`, { leg: "b", party: "b1", dialog: "b1" }],
    [`${CALL}-a3`, { leg: "a", party: "a3", dialog: "a3" }],
  ])("%s names call, leg, party and dialog", (tag, expected) => {
    expect(parseOurTag(tag)).toEqual({ callId: CALL, ...expected });
  });

  it.each(["", "as4f2b1", CALL, `${CALL}-c`, `${CALL}-a.`, `${CALL}-b1.2.3`, `${CALL.toUpperCase()}-a`, `${CALL}-a\n`])(
    "%j is somebody else's",
    (tag) => {
      expect(parseOurTag(tag)).toBeNull();
    },
  );

  it("are read back as they were made", () => {
    const callId = stringMatching(/^[a-z2-7]{26}$/);
    assert(
      property(callId, constantFrom("a", "b"), nat({ max: 999 }), nat({ max: 99 }), (id, leg, serial, fork) => {
        const party = serial === 0 ? leg : `${leg}${serial}`;
        const dialog = fork < 2 ? party : `${party}.${fork}`;
        expect(parseOurTag(tagOf(id, dialog))).toEqual({ callId: id, leg, party, dialog });
      }),
    );
  });
});

it("the Call-ID of a party we call starts with the call id", () => {
  expect(sipCallIdOf(CALL, "b1")).toBe(`${CALL}-b1`);
});

it("spread gives the same number for the same text, below its bound", () => {
  assert(
    property(stringMatching(/^.{0,40}$/), nat({ max: 5_000 }), (text, bound) => {
      const value = spread(text, bound + 1);
      expect(value).toBe(spread(text, bound + 1));
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(bound);
    }),
  );
});
