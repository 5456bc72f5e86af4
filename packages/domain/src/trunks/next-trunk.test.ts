import { describe, expect, test } from "vitest";
import { defaultFailoverCodes } from "../topology/trunk-defaults.ts";
import { mayTryNextTrunk, treatedStatus } from "./next-trunk.ts";

const noRules = { failoverCodes: defaultFailoverCodes, responseRules: [] };
const circuit = { code: 486, cause: 34, becomes: 503 };

describe("failing over after a final response", () => {
  test.each([
    ["503 goes on", 503, true],
    ["500 goes on", 500, true],
    ["408 goes on", 408, true],
    ["486 stops", 486, false],
    ["404 stops", 404, false],
    ["603 stops", 603, false],
    ["302 stops", 302, false],
  ] as const)("%s with the default codes", (_, status, expected) => {
    expect(mayTryNextTrunk({ status, cause: null }, noRules, false)).toBe(expected);
  });

  test("a class counts for all its statuses, a status for itself", () => {
    const rules = { failoverCodes: [404, 5], responseRules: [] };
    const verdicts = [404, 403, 500, 599].map((status) => mayTryNextTrunk({ status, cause: null }, rules, false));
    expect(verdicts).toEqual([true, false, true, true]);
  });

  test("603 stops even when somebody lists it", () => {
    expect(mayTryNextTrunk({ status: 603, cause: null }, { failoverCodes: [603], responseRules: [] }, false)).toBe(
      false,
    );
  });

  test.each([[486], [404], [603], [503], [302]])("an emergency call goes on after %i", (status) => {
    expect(mayTryNextTrunk({ status, cause: null }, noRules, true)).toBe(true);
  });
});

describe("response rules", () => {
  test.each([
    ["486 with cause 34 counts as 503", { status: 486, cause: 34 }, [circuit], 503],
    ["486 without a cause stays busy", { status: 486, cause: null }, [circuit], 486],
    ["486 with another cause stays busy", { status: 486, cause: 17 }, [circuit], 486],
    [
      "a rule without code matches by cause",
      { status: 404, cause: 38 },
      [{ code: null, cause: 38, becomes: 503 }],
      503,
    ],
    [
      "a rule without cause matches any cause",
      { status: 480, cause: 20 },
      [{ code: 480, cause: null, becomes: 404 }],
      404,
    ],
    ["the first match wins", { status: 486, cause: 34 }, [circuit, { code: 486, cause: null, becomes: 600 }], 503],
  ] as const)("%s", (_, response, rules, expected) => {
    expect(treatedStatus(response, rules)).toBe(expected);
  });

  test("what counts as 503 fails over", () => {
    const rules = { failoverCodes: defaultFailoverCodes, responseRules: [circuit] };
    expect(mayTryNextTrunk({ status: 486, cause: 34 }, rules, false)).toBe(true);
    expect(mayTryNextTrunk({ status: 486, cause: null }, rules, false)).toBe(false);
  });
});
