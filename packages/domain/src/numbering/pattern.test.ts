import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compilePattern,
  compileWholePattern,
  maxNumberLength,
  type Pattern,
  patternGroups,
  patternMatches,
} from "./pattern.ts";

function compiled(text: string): Pattern {
  const pattern = compilePattern(text);
  if (!pattern.ok) throw new Error(`${text} ${pattern.error.problem}`);
  return pattern.value;
}

describe("the pattern language", () => {
  test.each([
    ["911", "911", true],
    ["911", "9111", false],
    ["911", "+12129115555", false],
    [String.raw`\d{10}`, "2125550100", true],
    [String.raw`\d{10}`, "12125550100", false],
    [String.raw`^\+44`, "+442071234567", true],
    [String.raw`^\+44`, "0044", false],
    ["0100$", "+12125550100", true],
    ["0100$", "01001", false],
    ["^911$|^933$", "933", true],
    ["^911$|^933$", "9335", false],
    ["^00|99$", "0044", true],
    ["^00|99$", "1299", true],
    [String.raw`^\+1(212|646)\d{7}$`, "+16465550100", true],
    [String.raw`^\+1(212|646)\d{7}$`, "+17185550100", false],
    ["[2-9]11", "411", true],
    ["[^2-9]11", "411", false],
    ["[^2-9]11", "111", true],
    [String.raw`\*[0-9*#]+`, "*67#", true],
    ["a.c", "abc", true],
    ["a?b*c+", "cc", true],
    ["a{2,3}", "aaaa", false],
    ["a{2,}", "aaaaa", true],
    ["(?:ab)+", "ababab", true],
    [String.raw`[\d+-]+`, "+1-2", true],
    ["x||y", "", true],
  ])("%s on %s: %s", (pattern, number, expected) => {
    expect(patternMatches(compiled(pattern), number)).toBe(expected);
  });

  test.each([
    ["a back-reference", String.raw`(\d)\1`],
    ["look-ahead", "(?=911)9.*"],
    ["look-behind", "(?<=9)11"],
    ["a named group", "(?<area>212).*"],
    ["an unknown escape", String.raw`\b911\b`],
    ["an unclosed group", "(911"],
    ["an unopened group", "911)"],
    ["an unclosed class", "[0-9"],
    ["an empty class", "[]"],
    ["a range backwards", "[9-2]"],
    ["two quantifiers", String.raw`\d+*`],
    ["a quantifier of nothing", "*11"],
    ["a brace without a count", "9{x}"],
    ["a count beyond 64", String.raw`\d{65}`],
    ["a count backwards", String.raw`\d{5,2}`],
    ["a start anchor inside", "9^11"],
    ["an end anchor inside", "9$11"],
    ["an end anchor in a group", "(911$)"],
    ["nothing", ""],
    ["counts that explode", String.raw`((\d{64}){64}){64}`],
    ["a text beyond 256 characters", "1".repeat(257)],
    ["groups nested beyond reason", `${"(".repeat(40)}1${")".repeat(40)}`],
    ["a character no SIP text holds", "☎"],
    ["a trailing backslash", "911\\"],
  ])("refuses %s with a fix", (_, pattern) => {
    const result = compilePattern(pattern);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.error.fix).not.toBe("");
  });

  test("a rule's pattern has both anchors or none, for it rewrites the whole number", () => {
    expect(compileWholePattern("^9").ok).toBe(false);
    expect(compileWholePattern("9$").ok).toBe(false);
    expect(compileWholePattern("^9(.*)$").ok).toBe(true);
    expect(compileWholePattern("9(.*)").ok).toBe(true);
  });

  test("a number longer than the limit matches nothing", () => {
    expect(patternMatches(compiled(".*"), "1".repeat(maxNumberLength))).toBe(true);
    expect(patternMatches(compiled(".*"), "1".repeat(maxNumberLength + 1))).toBe(false);
  });

  test.each([
    ["^9(.*)$", "9911", ["911"]],
    [String.raw`^(\d{3})(\d+)$`, "2125550100", ["212", "5550100"]],
    [String.raw`^(\d+)(\d{4})$`, "2125550100", ["212555", "0100"]],
    [String.raw`^(\d+?)(\d*)$`, "123", ["1", "23"]],
    ["^(a|ab)(c|bcd)(d*)$", "abcd", ["a", "bcd", ""]],
    [String.raw`^(0)?(\d*)$`, "12", ["", "12"]],
  ])("%s on %s captures what a usual matcher captures", (pattern, number, groups) => {
    expect(patternGroups(compiled(pattern), number)).toEqual(groups);
    expect([...(new RegExp(pattern).exec(number) ?? [])].slice(1).map((group) => group ?? "")).toEqual(groups);
  });
});

/** Patterns made of parts, so that they are valid here and in the language's big brother. */
const part = fc.oneof(
  fc.constantFrom("1", "2", String.raw`\+`, ".", String.raw`\d`, "[12]", "[^1]", "[0-5]", String.raw`\D`),
  fc.constantFrom("(1|12)", "(?:2|)", "(1*)", "([12]+)?", "(?:1|2|12){0,2}"),
);
const quantifier = fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?");
const branch = fc
  .array(fc.tuple(part, quantifier), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.map(([text, times]) => text + (/[*+?}]$/.test(text) ? "" : times)).join(""));
const patternText = fc.array(branch, { minLength: 1, maxLength: 3 }).map((branches) => branches.join("|"));
const numberText = fc.string({ unit: fc.constantFrom("0", "1", "2", "+"), maxLength: 10 });

describe("patterns against random numbers", () => {
  test("match exactly what the same regular expression matches as a whole", () => {
    fc.assert(
      fc.property(patternText, numberText, (text, number) => {
        expect(patternMatches(compiled(text), number)).toBe(new RegExp(`^(?:${text})$`).test(number));
      }),
      { numRuns: 3000 },
    );
  });

  test("match only numbers that begin with one of their prefixes", () => {
    fc.assert(
      fc.property(patternText, numberText, (text, number) => {
        const pattern = compiled(text);
        fc.pre(patternMatches(pattern, number));
        expect(pattern.prefixes.some((prefix) => number.startsWith(prefix))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("any text compiles or is refused, and never throws", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."()[]{}|*+?^$\\.-,:=<!0129dw".split("")), maxLength: 30 }),
        (text) => {
          const result = compilePattern(text);
          if (result.ok) patternMatches(result.value, "1".repeat(maxNumberLength));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test.each([
    ["nested stars", String.raw`((((\d*)*)*)*)*#`],
    ["overlapping branches", String.raw`(\d|\d\d|\d\d\d)+#`],
    ["many optional digits", `${String.raw`\d?`.repeat(40)}${String.raw`\d`.repeat(24)}#`],
    ["adjacent stars", `${String.raw`\d*`.repeat(20)}#`],
  ])("a hostile number costs %s no more than states times characters", (_, text) => {
    const pattern = compiled(text);
    const started = performance.now();
    for (let run = 0; run < 100; run += 1) expect(patternMatches(pattern, "1".repeat(maxNumberLength))).toBe(false);
    // A backtracking matcher needs longer than the universe has existed; the bound leaves room for a busy machine.
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe("literal prefixes", () => {
  test.each([
    [String.raw`^\+1(212|646)\d{7}$`, ["+1212", "+1646"]],
    [String.raw`\+4[4-6]\d*`, ["+44", "+45", "+46"]],
    [String.raw`\d{10}`, [""]],
    [String.raw`[2-4]\d{9}`, ["2", "3", "4"]],
    [".*", [""]],
    ["911", ["911"]],
    ["^911$|^933$", ["911", "933"]],
    ["0100$", [""]],
    ["1?23", [""]],
    ["a{3}b", ["aaab"]],
  ])("%s begins with %j", (text, expected) => {
    expect([...compiled(text).prefixes].sort()).toEqual(expected);
  });
});
