import { describe, expect, test } from "vitest";
import { readCommand } from "./options.ts";

const needed = ["--bhca", "36000", "--hold", "180", "--pools", "east=60,west=40", "--gateways", "a,b"];

describe("the command line", () => {
  test("what is not said has the documented default; names without a number share equally", () => {
    expect(readCommand(needed)).toEqual({
      kind: "plan",
      json: false,
      constantsFile: null,
      demand: {
        busyHourCalls: 36_000,
        holdS: 180,
        ringS: 12,
        answered: 0.7,
        attemptsPerCall: 1.1,
        peak: 1.5,
        blocking: 0.01,
        recordHours: 4,
        pools: [
          { name: "east", share: 60 },
          { name: "west", share: 40 },
        ],
        gateways: [
          { name: "a", share: 1 },
          { name: "b", share: 1 },
        ],
      },
    });
  });

  test("sizes are calls per second of the busiest minute, so a peak makes for fewer calls in the hour", () => {
    const command = readCommand([...needed.slice(2), "--sizes", "10,100", "--peak", "2"]);
    expect(command).toMatchObject({
      kind: "sizes",
      demands: [
        { busyHourCalls: 18_000, peak: 2 },
        { busyHourCalls: 180_000, peak: 2 },
      ],
    });
  });

  test.each<[string, readonly string[], RegExp]>([
    ["no pools", ["--bhca", "1", "--hold", "1", "--gateways", "a"], /expected --pools/],
    ["a share of nothing", [...needed, "--pools", "east=0"], /expected names with shares above 0/],
    ["no number", [...needed, "--hold", "long"], /expected a number for --hold/],
    ["more answers than calls", [...needed, "--answered", "2"], /--answered is at most 1/],
    ["an unknown option", [...needed, "--cores", "2"], /--cores/],
    ["a size of nothing", [...needed.slice(2), "--sizes", "10,0"], /above 0 for --sizes/],
    ["a size that is no number", [...needed.slice(2), "--sizes", "10,many"], /above 0 for --sizes/],
    ["sizes and a busy hour", [...needed, "--sizes", "10"], /takes the place of --bhca/],
    ["a bench's file alone", ["--from-bench", "x.json"], /go together/],
  ])("%s is one sentence", (_name, args, sentence) => {
    expect(readCommand(args)).toMatch(sentence);
  });
});
