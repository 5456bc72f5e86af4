import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CommandDeadlines } from "./command-deadlines.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("time limits of commands", () => {
  test("one that is met is never missed, one that is not is missed at its time, once", () => {
    const deadlines = new CommandDeadlines(100);
    const missed: string[] = [];
    const first = deadlines.add(() => missed.push("first"));
    vi.advanceTimersByTime(60);
    deadlines.add(() => missed.push("second"));
    first.met();
    vi.advanceTimersByTime(99);
    expect(missed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(missed).toEqual(["second"]);
    vi.advanceTimersByTime(1_000);
    expect(missed).toEqual(["second"]);
  });

  test("a command begun by one that was missed has its own time", () => {
    const deadlines = new CommandDeadlines(100);
    const missed: number[] = [];
    deadlines.add(() => {
      missed.push(performance.now());
      deadlines.add(() => missed.push(performance.now()));
    });
    const begin = performance.now();
    vi.advanceTimersByTime(300);
    expect(missed.map((at) => at - begin)).toEqual([100, 200]);
  });

  test("nothing keeps looking when nothing waits", () => {
    const deadlines = new CommandDeadlines(100);
    deadlines.add(() => undefined).met();
    vi.advanceTimersByTime(100);
    expect(vi.getTimerCount()).toBe(0);
  });
});
