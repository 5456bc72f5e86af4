import { describe, expect, test } from "vitest";
import { FakeClock, settle } from "../testing/fake-clock.ts";
import { within } from "./within.ts";

describe("waiting at most so long", () => {
  test("gives what came in time, and nobody is told of a limit afterwards", async () => {
    const clock = new FakeClock();
    let told = 0;
    expect(await within(clock, 100, Promise.resolve("in time"), () => (told += 1))).toBe("in time");
    await clock.advance(1_000);
    expect(told).toBe(0);
  });

  test("gives what is said at the limit, whatever comes later", async () => {
    const clock = new FakeClock();
    const work = Promise.withResolvers<string>();
    const given = within(clock, 100, work.promise, () => "late");
    await clock.advance(100);
    work.resolve("too late");
    expect(await given).toBe("late");
  });

  test("rejects as the work does, and holds no timer then", async () => {
    const clock = new FakeClock();
    let told = 0;
    await expect(
      within(clock, 100, Promise.reject(new Error("a bug")), () => {
        told += 1;
      }),
    ).rejects.toThrow("a bug");
    await clock.advance(1_000);
    await settle();
    expect(told).toBe(0);
  });
});
