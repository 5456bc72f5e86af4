import * as fc from "fast-check";
import { expect, test } from "vitest";
import { heard, isAway, looked, MISSED_LOOKS, unasked } from "./signs-of-life.ts";

test("a primary is away exactly when its last looks all lacked an answer, whatever came before, and its next answer ends it", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("look", "answer", "failure")), (story) => {
      let signs = unasked;
      let lacking = 0;
      for (const event of story) {
        if (event === "look") {
          lacking += signs.question === "answered" ? 0 : 1;
          signs = looked(signs).signs;
        } else {
          if (event === "answer") lacking = 0;
          signs = heard(signs, event === "answer");
        }
        expect(isAway(signs)).toBe(lacking >= MISSED_LOOKS);
      }
      expect(isAway(heard(signs, true))).toBe(false);
    }),
  );
});
