import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { topologyJsonSchema } from "./json-schema.ts";
import { parseTopologyDocument } from "./parse-topology-document.ts";

function published(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** Fields that hold a value: `pools.listeners.tls.mutual` and the like, without list marks. */
function leavesOf(schema: Schema, path: string): readonly string[] {
  const inner = schema.items?.properties ?? schema.properties;
  if (inner === undefined) return [path];
  return Object.entries(inner).flatMap(([name, field]) => leavesOf(field, path === "" ? name : `${path}.${name}`));
}

test("docs/topology.schema.json is the schema (npm run schema -w packages/topology-document)", () => {
  expect(JSON.parse(published("topology.schema.json"))).toEqual(JSON.parse(JSON.stringify(topologyJsonSchema())));
});

describe("docs/topology.md", () => {
  const page = published("topology.md");
  const rows = new Set([...page.matchAll(/^\| `([^`]+)`\s*\|/gm)].map(([, field]) => field ?? ""));

  test("explains every field of the schema in a table", () => {
    const leaves = leavesOf(topologyJsonSchema(), "");
    const explained = (field: string): boolean => {
      const parts = field.split(".");
      // Tables name a field by itself, or with its section before it where the section has no table of its own.
      return parts.some((_, at) => rows.has(parts.slice(at).join(".")));
    };
    expect(leaves.filter((field) => !explained(field))).toEqual([]);
    expect(leaves.length).toBeGreaterThan(100);
  });

  test("begins with an example that is accepted, in 30 lines at most", () => {
    const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const parsed = parseTopologyDocument(example);
    expect(parsed.ok ? parsed.value.warnings.map((issue) => issue.path) : parsed.error).toEqual([
      "emergency.trunks",
      "emergency",
      "emergency.policy",
    ]);
    expect(example.split("\n").length).toBeLessThanOrEqual(30);
  });
});
