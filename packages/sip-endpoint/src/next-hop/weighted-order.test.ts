import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { srv } from "../../test/fake-resolver.ts";
import { inTryingOrder } from "./weighted-order.ts";

const record = fc.record({
  target: fc.constantFrom("a", "b", "c", "d"),
  port: fc.integer({ min: 1, max: 65_535 }),
  priority: fc.integer({ min: 0, max: 3 }),
  weight: fc.integer({ min: 0, max: 100 }),
});

describe("the order of SRV records, RFC 2782", () => {
  test("holds every record once, priorities ascending, whatever chance says", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), fc.integer(), (records, seed) => {
        let state = seed;
        const random = (): number => {
          state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
          return state / 0x80000000;
        };
        const ordered = inTryingOrder(records, random);
        expect(ordered).toHaveLength(records.length);
        expect(new Set(ordered)).toEqual(new Set(records));
        const priorities = ordered.map((each) => each.priority);
        expect(priorities).toEqual([...priorities].sort((one, other) => one - other));
      }),
    );
  });

  it("puts each record first about as often as its weight says", () => {
    const records = [srv("light", 1, 1, 20), srv("heavy", 2, 1, 80)];
    const draws = 1_000;
    let heavyFirst = 0;
    for (let draw = 0; draw < draws; draw++) {
      const [first] = inTryingOrder(records, () => draw / draws);
      if (first?.target === "heavy") heavyFirst++;
    }
    expect(heavyFirst / draws).toBeCloseTo(0.8, 1);
  });

  it("gives weight 0 a small chance beside others", () => {
    const records = [srv("heavy", 1, 1, 100), srv("zero", 2, 1, 0)];
    expect(inTryingOrder(records, () => 0)[0]?.target).toBe("zero");
    expect(inTryingOrder(records, () => 0.5)[0]?.target).toBe("heavy");
  });
});
