import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RelayedState } from "../ports/index.ts";
import { mixVerdict, type MixLook } from "./mix-verdict.ts";

const PAIR = { two: ["a", "b1"], speakers: ["say-a", "say-b1"] } as const;

/** A relay's word: who of the two hears the mixer, and how much each has said. */
function state(mixed: readonly string[], packets: Readonly<Record<string, number>>): RelayedState {
  const names = ["a", "b1", "say-a", "say-b1"];
  return new Map(
    names.map((name) => [name, { hears: mixed.includes(name) ? [`say-${name}`] : [], packets: packets[name] ?? 0 }]),
  );
}

const TALKED = { a: 10, b1: 10, "say-a": 10, "say-b1": 10 };
const [DIRECT, MIXED] = [[], ["a", "b1"]] as const;

function look(mixed: readonly string[], change: Partial<MixLook> = {}): MixLook {
  const before = state(mixed, {});
  return {
    now: state(mixed, TALKED),
    before,
    heard: ["a", "b1", "desk"],
    wanted: true,
    fit: "now",
    silent: 0,
    ...change,
  };
}

const silentNow = { a: 10, b1: 10, "say-a": 10 };

const doubled = new Map([...state(MIXED, TALKED), ["a", { hears: ["b1", "say-a"], packets: 10 }]]);

describe("the way between two who talk, with a two-way desk", () => {
  it.each([
    ["leads by the mixer once that is proved", look(DIRECT), "mix"],
    ["waits at the first look", look(DIRECT, { before: null }), "keep"],
    ["waits while something is negotiated, or the two hold", look(DIRECT, { fit: "later" }), "keep"],
    [
      "blames no mixer that could not be made ready meanwhile",
      look(DIRECT, { fit: "later", now: state(DIRECT, silentNow), silent: 7 }),
      "keep",
    ],
    [
      "is direct again also then when the mixer falls silent",
      look(MIXED, { fit: "later", now: state(MIXED, silentNow), silent: 1 }),
      "restore",
    ],
    ["is direct again when somebody hears the other beside the mixer", look(MIXED, { now: doubled }), "restore"],
    ["is left alone then while something is negotiated", look(MIXED, { now: doubled, fit: "later" }), "keep"],
    ["is direct again when the two talk as no mixer can", look(MIXED, { fit: "never", silent: 1 }), "restore"],
    ["lets the desk go when they do so for good", look(DIRECT, { fit: "never", silent: 7 }), "lost"],
    ["waits until the mixer hears both", look(DIRECT, { heard: ["a", "desk"] }), "keep"],
    ["waits for a mixer that does not say whom it hears", look(DIRECT, { heard: null }), "silent"],
    ["stays with a mixer that speaks", look(MIXED), "keep"],
    ["forgives one look at which the mixer speaks and answers nothing", look(MIXED, { heard: null }), "silent"],
    ["is direct again at the second", look(MIXED, { heard: null, silent: 1 }), "restore"],
    ["forgives one silent look", look(MIXED, { now: state(MIXED, silentNow) }), "silent"],
    ["is direct again at the second", look(MIXED, { now: state(MIXED, silentNow), silent: 1 }), "restore"],
    [
      "is direct again when one of the two is not heard who speaks",
      look(MIXED, { heard: ["a"], silent: 1 }),
      "restore",
    ],
    [
      "stays when one of the two says nothing",
      look(MIXED, { heard: ["a"], now: state(MIXED, { ...TALKED, b1: 0 }) }),
      "keep",
    ],
    ["gives a mixer up that stays silent", look(DIRECT, { now: state(DIRECT, silentNow), silent: 7 }), "lost"],
    ["is direct again where one alone hears the mixer", look(["a"]), "restore"],
    ["is direct again when the desk has gone", look(MIXED, { wanted: false }), "restore"],
    ["stays direct when the desk has gone", look(DIRECT, { wanted: false }), "keep"],
  ])("%s", (_, seen, verdict) => {
    expect(mixVerdict(PAIR, seen)).toBe(verdict);
  });

  it("is never left to a mixer that is not proved, and never for long to one that is silent", () => {
    const packets = fc.record({ a: fc.nat(3), b1: fc.nat(3), "say-a": fc.nat(3), "say-b1": fc.nat(3) });
    const seen = fc.record({
      mixed: fc.subarray(["a", "b1"]),
      now: packets,
      before: packets,
      heard: fc.option(fc.subarray(["a", "b1", "desk"])),
      fit: fc.constantFrom("now", "later", "never"),
      silent: fc.nat(9),
    });
    fc.assert(
      fc.property(seen, ({ mixed, now, before, ...rest }) => {
        const given = { ...rest, wanted: true, now: state(mixed, now), before: state(mixed, before) };
        const verdict = mixVerdict(PAIR, given);
        const speaks = now["say-a"] > before["say-a"] && now["say-b1"] > before["say-b1"];
        if (verdict === "mix")
          expect([speaks, given.fit, given.heard?.includes("a"), mixed]).toEqual([true, "now", true, []]);
        if (mixed.length > 0 && (!speaks || given.heard === null) && given.silent > 0)
          expect(["restore", "lost"]).toContain(verdict);
      }),
    );
  });
});
