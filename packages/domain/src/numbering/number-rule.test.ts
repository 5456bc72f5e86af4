import { describe, expect, test } from "vitest";
import { normaliseNumber } from "./dial-plan.ts";
import { dialledNumber } from "./dialled-number.ts";
import { applyNumberRules, type CompiledRule, compileNumberRule } from "./number-rule.ts";

function rules(...pairs: readonly (readonly [match: string, replace: string])[]): readonly CompiledRule[] {
  return pairs.map(([match, replace], at) => {
    const compiled = compileNumberRule({ name: `rule-${at + 1}`, match, replace });
    if (!compiled.ok) throw new Error(compiled.error.problem);
    return compiled.value;
  });
}

describe("translation rules", () => {
  test.each([
    ["the group takes its place", [[String.raw`^(\d{10})$`, "+1$1"]], "2125550100", "+12125550100", "rule-1"],
    [
      "the first match wins",
      [
        ["^9(.*)$", "$1"],
        ["^91(.*)$", "x$1"],
      ],
      "912",
      "12",
      "rule-1",
    ],
    ["groups may change places", [["^(1)(2)$", "$2$1"]], "12", "21", "rule-1"],
    ["$& is the whole number", [["^1.*$", "+$&"]], "1212", "+1212", "rule-1"],
    ["$$ is a dollar sign", [["1", "$$1"]], "1", "$1", "rule-1"],
    ["no match leaves the number", [["^9(.*)$", "$1"]], "2125550100", "2125550100", null],
    ["a part of the number is no match", [["212", "x"]], "2125550100", "2125550100", null],
    ["a group that took no part is empty", [["^(0)?1$", "<$1>"]], "1", "<>", "rule-1"],
  ] as const)("%s", (_, pairs, number, expected, rule) => {
    expect(applyNumberRules(rules(...pairs), number)).toEqual({ number: expected, rule });
  });

  test.each([
    ["a group the pattern lacks", "^9(.*)$", "$2", "replace"],
    ["$0", "^9(.*)$", "$0", "replace"],
    ["a lonely dollar sign", "^9$", "5$", "replace"],
    ["one anchor only", "^9", "", "match"],
    ["an unsafe pattern", String.raw`(\d)\1`, "", "match"],
  ])("refuses %s", (_, match, replace, field) => {
    const result = compileNumberRule({ name: "r", match, replace });
    expect(result.ok ? null : result.error.field).toBe(field);
  });
});

describe("dial plans", () => {
  const plan = {
    name: "office",
    externalAccessPrefix: "9",
    rules: rules([String.raw`^([2-9]\d{9})$`, "+1$1"], [String.raw`^011(\d{7,15})$`, "+$1"]),
  };

  test.each([
    ["a national number", "2125550100", "+12125550100"],
    ["the same after the access prefix", "92125550100", "+12125550100"],
    ["an international number after the access prefix", "9011442071234567", "+442071234567"],
    ["E.164 stays", "+442071234567", "+442071234567"],
    ["an extension stays", "4711", "4711"],
    ["what no rule knows loses the access prefix", "94711", "4711"],
    ["the access prefix alone stays", "9", "9"],
    ["a name stays", "alice", "alice"],
  ])("%s", (_, dialled, expected) => {
    expect(normaliseNumber(plan, dialled).number).toBe(expected);
  });

  test("without a dial plan the number stays", () => {
    expect(normaliseNumber(null, "92125550100")).toEqual({ number: "92125550100", rule: null });
  });
});

describe("the dialled number of a Request-URI", () => {
  const uri = { host: "tandem.example", phoneContext: null };
  test.each([
    ["digits", "sip", "2125550100", "2125550100"],
    ["E.164 with visual separators (RFC 3966 §5.1.1)", "tel", "+1-(212)-555.0100", "+12125550100"],
    ["spaces between digits", "sip", "212 555 0100", "2125550100"],
    ["a name with a dot is no number", "sip", "alice.smith", "alice.smith"],
    ["a name of hexadecimal letters is no number", "sip", "bad.cab", "bad.cab"],
    ["star codes", "sips", "*67", "*67"],
    ["a service has no number", "urn", "urn:service:counseling", ""],
    ["a foreign scheme has no number", "other", "212", ""],
  ] as const)("%s", (_, scheme, user, expected) => {
    expect(dialledNumber({ ...uri, scheme, user })).toBe(expected);
  });
});
