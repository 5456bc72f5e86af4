import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { METRICS, type MetricDefinition } from "./catalogue.ts";

const catalogue: [string, MetricDefinition][] = Object.entries(METRICS);

/** Table rows of docs/metrics.md as arrays of trimmed cells. */
function documentedRows(): string[][] {
  const page = readFileSync(fileURLToPath(new URL("../../../docs/metrics.md", import.meta.url)), "utf8");
  return page
    .split("\n")
    .filter((line) => line.startsWith("| `tandem_"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

function byName(rows: readonly string[][]): string[][] {
  return rows.toSorted(([a = ""], [b = ""]) => a.localeCompare(b));
}

describe("metric catalogue", () => {
  test("docs/metrics.md lists exactly the catalogue, with the same words", () => {
    const expected = catalogue.map(([name, { type, labels, process, help }]) => [
      `\`${name}\``,
      type,
      labels.length === 0 ? "–" : labels.map((label) => `\`${label}\``).join(", "),
      typeof process === "string" ? process : process.join(", "),
      help,
    ]);
    expect(byName(documentedRows())).toEqual(byName(expected));
  });

  test.each(catalogue)("%s is named tandem_<noun>_<unit|total> and its unit fits its type", (name, definition) => {
    expect(name).toMatch(/^tandem_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith("_total")).toBe(definition.type === "counter");
    expect(name.endsWith("_seconds") && definition.type === "histogram").toBe(definition.buckets !== undefined);
  });
});
