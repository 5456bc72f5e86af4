import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blockingOf, channelsFor } from "./erlang-b.ts";

describe("Erlang B", () => {
  // Values of the published tables (ITU-D handbook, Teletraffic Engineering).
  test.each([
    [1, 1, 0.5],
    [2, 5, 0.0367],
    [10, 18, 0.0071],
    [20, 30, 0.0085],
    [100, 117, 0.0098],
  ])("%d erlangs on %d channels block %d", (erlangs, channels, blocking) => {
    expect(blockingOf(erlangs, channels)).toBeCloseTo(blocking, 3);
  });

  test("no channel blocks everything, no traffic is never blocked", () => {
    expect(blockingOf(3, 0)).toBe(1);
    expect(blockingOf(0, 1)).toBe(0);
  });

  test("100 erlangs at one per cent need 117 channels, a hundred thousand need fewer than one per cent more than they are", () => {
    expect(channelsFor(100, 0.01)).toBe(117);
    expect(channelsFor(100_000, 0.01)).toBeLessThan(100_000);
    expect(channelsFor(100_000, 0.001)).toBeLessThan(101_000);
  });

  test("the channels named are enough, and one fewer is not", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 2_000, noNaN: true }),
        fc.double({ min: 0.0001, max: 0.5, noNaN: true }),
        (erlangs, blocking) => {
          const channels = channelsFor(erlangs, blocking);
          expect(blockingOf(erlangs, channels)).toBeLessThanOrEqual(blocking);
          if (channels > 0) expect(blockingOf(erlangs, channels - 1)).toBeGreaterThan(blocking);
        },
      ),
    );
  });

  test("a larger group is used better: one group of both blocks less than two apart", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 500, noNaN: true }),
        fc.integer({ min: 1, max: 500 }),
        (erlangs, channels) => {
          expect(blockingOf(2 * erlangs, 2 * channels)).toBeLessThanOrEqual(blockingOf(erlangs, channels));
        },
      ),
    );
  });
});
