import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { base, issuesOf } from "./base-document.ts";

describe("hostile text", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh"
    .split("")
    .map((name, at) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${"abcdefgh"[at] ?? "a"}`).join(",")}]`)
    .join("\n")}\n`;

  test.each([
    ["nothing", ""],
    ["a word", "hello"],
    ["null", "null"],
    ["a list", "[]"],
    ["an alias bomb", bomb],
    ["an alias of nothing", "a: *nowhere"],
    ["a loop", "a: &a [*a]"],
    ["brackets without end", "[".repeat(50_000)],
    ["braces in JSON without end", `{"a":${"[".repeat(200_000)}`],
    ["a key twice", `${base}\nname: a\nname: b\n`],
    ["a tab where YAML forbids one", "pools:\n\t- x"],
    ["a tag that would make an object", "pools: !!js/function 'x'"],
    ["two documents", "--- {}\n--- {}\n"],
    ["control characters", "name: \u0000\u0001"],
    ["broken JSON", '{"pools": [}'],
  ])("%s is refused with an issue", (_, text) => {
    const issues = issuesOf(text);
    expect(issues.length).toBeGreaterThan(0);
    expect(issues.every((issue) => issue.path !== "" && issue.problem !== "" && issue.fix !== "")).toBe(true);
  });

  test("a flood of errors is told in part", () => {
    const flood = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`key-${at}`, at]));
    const issues = issuesOf(JSON.stringify({ ...(parse(base) as object), ...flood }));
    expect(issues).toHaveLength(201);
    expect(issues.at(-1)?.problem).toMatch(/more errors/);
    expect(issuesOf(`a: [\n`.repeat(20_000)).length).toBeLessThanOrEqual(10);
  });

  test("YAML errors tell line and column", () => {
    expect(issuesOf("pools:\n  - name: [1\n")[0]?.path).toMatch(/^line \d+, column \d+$/);
  });

  test("a text beyond the limit is not even read", () => {
    expect(issuesOf(" ".repeat(33 * 1024 * 1024))[0]?.problem).toMatch(/longer than/);
  });
});
