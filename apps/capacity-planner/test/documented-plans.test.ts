import { readFileSync } from "node:fs";
import { plan, type MeasuredConstants } from "@tandem/capacity";
import { expect, test } from "vitest";
import { readCommand } from "../src/options.ts";
import { formatPlan } from "../src/report.ts";
import { formatSizes } from "../src/sizes.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const constants = JSON.parse(read("apps/capacity-planner/constants.json")) as MeasuredConstants;

/** Every command with its answer as the page shows them, in a block that begins with `$ npm run plan`. */
function plansIn(page: string): readonly { readonly args: readonly string[]; readonly answer: string }[] {
  return [...read(page).matchAll(/^```\n\$ npm run plan -- (.+)\n([^`]+)^```$/gm)].map(
    ([, args = "", answer = ""]) => ({
      args: args.split(" "),
      answer,
    }),
  );
}

function answerTo(args: readonly string[]): string {
  const command = readCommand(args);
  if (typeof command === "string") return command;
  if (command.kind === "sizes") return formatSizes(command.demands, constants);
  return command.kind === "plan" ? formatPlan(plan(command.demand, constants), constants) : command.kind;
}

test.each([
  ["docs/capacity.md", ["sizes"]],
  ["docs/kubernetes.md", ["plan", "sizes"]],
])("%s shows what the planner answers today", { timeout: 60_000 }, (page, kinds) => {
  const shown = plansIn(page);
  expect(shown.map(({ args }) => (args.includes("--sizes") ? "sizes" : "plan"))).toEqual(kinds);
  for (const { args, answer } of shown) expect(answer).toBe(answerTo(args));
});

test("docs/capacity.md says where every constant comes from, with the value it has", () => {
  const rows = [...read("docs/capacity.md").matchAll(/^\| (`\w+`(?:, `\w+`)*) +\| ([\d., ]+?) +\|/gm)];
  const shown = rows.flatMap(([, names = "", values = ""]) => {
    const numbers = values.split(", ").map((value) => Number(value.replaceAll(" ", "")));
    return names.split(", ").map((name, index) => [name.slice(1, -1), numbers[index]]);
  });
  expect(Object.fromEntries(shown)).toEqual(constants);
});
