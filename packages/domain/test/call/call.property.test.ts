import { array, assert, nat, property } from "fast-check";
import { expect, it } from "vitest";
import { RandomWalk } from "./random-walk.ts";

/** Hundreds of walks are seconds of computing, and ten times as many where everything else computes, too. */
const PATIENT = { timeout: 120_000 } as const;

it(
  "whatever peers, timers and workers do: no throw, one final response each, every 2xx acknowledged, CSeq grows, nothing leaks",
  PATIENT,
  () => {
    assert(
      property(array(nat({ max: 999 }), { minLength: 20, maxLength: 300 }), (numbers) => {
        const walk = new RandomWalk(numbers);
        expect(walk.run()).toEqual([]);
      }),
      { numRuns: 400 },
    );
  },
);

it(
  "wherever workers die, before and after every effect: both legs end, one record, nothing is sent twice with other content",
  PATIENT,
  () => {
    assert(
      property(array(nat({ max: 999 }), { minLength: 20, maxLength: 300 }), (numbers) => {
        const walk = new RandomWalk(numbers, { crashes: true });
        expect(walk.run()).toEqual([]);
      }),
      { numRuns: 500 },
    );
  },
);

it("whatever header lines peers leave out, double or invent: no throw, and the call finishes", PATIENT, () => {
  assert(
    property(array(nat({ max: 999 }), { minLength: 20, maxLength: 300 }), (numbers) => {
      const walk = new RandomWalk(numbers, { garbled: true });
      expect(walk.run()).toEqual([]);
    }),
    { numRuns: 400 },
  );
});
