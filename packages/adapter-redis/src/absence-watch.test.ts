import { describe, expect, test } from "vitest";
import { AbsenceWatch } from "./absence-watch.ts";
import { CONNECTING_LOOKS, MISSED_LOOKS } from "./signs-of-life.ts";

const until = (looks: number, watch: AbsenceWatch): void => {
  for (let look = 0; look < looks; look += 1) watch.look();
};
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Of primaries that have answered once. */
async function rig(primaries: readonly string[] = ["one"]) {
  const made = starting(primaries);
  made.watch.look();
  for (const { end } of made.asked.splice(0)) end(true);
  await settle();
  return made;
}

/** Of primaries that nobody has heard yet. */
function starting(primaries: readonly string[] = ["one"]) {
  const names = new Map(primaries.map((name) => [name, `key of ${name}`]));
  const asked: { readonly key: string; readonly end: (isAnswer: boolean) => void }[] = [];
  const told: string[] = [];
  const watch = new AbsenceWatch({
    primaries: () => names,
    ask: (key) => new Promise((end) => void asked.push({ key, end })),
    onChange: (name, isAway, away) => void told.push(`${name} ${isAway ? "away" : "back"}, ${away} away`),
  });
  return { names, asked, told, watch };
}

describe("a primary of Redis", () => {
  test("that answers every question is never away", async () => {
    const { asked, told, watch } = await rig();
    for (let look = 0; look < 10; look += 1) {
      watch.look();
      asked.at(-1)?.end(true);
      await settle();
    }
    expect([asked.length, watch.isAway("one"), told]).toEqual([10, false, []]);
  });

  test("is away once its answer was missed so many looks in a row, and not before; it is asked once", async () => {
    const { asked, told, watch } = await rig();
    until(MISSED_LOOKS, watch);
    expect(watch.isAway("one")).toBe(false);
    watch.look();
    expect(watch.isAway("one")).toBe(true);
    until(20, watch);
    expect([asked.length, told]).toEqual([1, ["one away, 1 away"]]);
  });

  test("is back with the answer that was awaited, at once", async () => {
    const { asked, told, watch } = await rig();
    until(10, watch);
    asked[0]?.end(true);
    await settle();
    expect(watch.isAway("one")).toBe(false);
    expect(told).toEqual(["one away, 1 away", "one back, 0 away"]);
  });

  test("is away when questions fail at once, and asked again at every look", async () => {
    const { asked, watch } = await rig();
    for (let look = 0; look <= MISSED_LOOKS; look += 1) {
      watch.look();
      asked.at(-1)?.end(false);
      await settle();
    }
    expect([asked.length, watch.isAway("one")]).toEqual([MISSED_LOOKS + 1, true]);
    watch.look();
    asked.at(-1)?.end(true);
    await settle();
    expect(watch.isAway("one")).toBe(false);
  });

  test("is not away for a pause of this process, after which there is one look", async () => {
    const { asked, told, watch } = await rig();
    watch.look();
    // However long: a timer that is late fires once.
    watch.look();
    asked[0]?.end(true);
    await settle();
    expect([watch.isAway("one"), told]).toEqual([false, []]);
  });

  test("that was never heard has longer: a connection is being made", async () => {
    const { asked, told, watch } = starting();
    until(CONNECTING_LOOKS - 1, watch);
    expect([watch.isAway("one"), told]).toEqual([false, []]);
    watch.look();
    expect([watch.isAway("one"), told]).toEqual([true, ["one away, 1 away"]]);
    asked[0]?.end(true);
    await settle();
    expect(watch.isAway("one")).toBe(false);
    until(MISSED_LOOKS + 1, watch);
    expect(watch.isAway("one")).toBe(true);
  });

  test("is away by itself: of a Cluster the others are waited for as ever", async () => {
    const { asked, told, watch } = await rig(["one", "other"]);
    for (let look = 0; look <= MISSED_LOOKS; look += 1) {
      watch.look();
      for (const { key, end } of asked) if (key === "key of other") end(true);
      await settle();
    }
    expect([watch.isAway("one"), watch.isAway("other")]).toEqual([true, false]);
    expect(told).toEqual(["one away, 1 away"]);
  });

  test("that another took the place of is not away any more, and nobody waits for its answer", async () => {
    const { names, asked, told, watch } = await rig();
    until(10, watch);
    names.clear();
    names.set("heir", "key of one");
    watch.look();
    asked[0]?.end(false);
    await settle();
    expect([watch.isAway("one"), watch.isAway("heir")]).toEqual([false, false]);
    expect(told.at(-1)).toBe("one back, 0 away");
    expect(asked.map(({ key }) => key)).toEqual(["key of one", "key of one"]);
  });
});
