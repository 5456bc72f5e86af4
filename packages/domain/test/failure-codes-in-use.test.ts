import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { failureCodes } from "../src/failure/catalogue.ts";

const ROOT = join(import.meta.dirname, "../../..");
/** Where the catalogue's own rows stand, and what only tests use. */
const NOT_PRODUCT =
  /\.test\.ts$|[/\\](?:testing|testkit|simulated-peer|capacity)[/\\]|[/\\]failure[/\\][a-z]+-failures\.ts$/;

function productSource(): string {
  const files = globSync("{packages,apps}/*/src/**/*.ts", { cwd: ROOT }).filter((file) => !NOT_PRODUCT.test(file));
  return files.map((file) => readFileSync(join(ROOT, file), "utf8")).join("\n");
}

describe("every failure of the catalogue is told by somebody", () => {
  const source = productSource();

  test.each(failureCodes.map((code) => [code]))("%s", (code) => {
    // Not toContain: it would print the whole source.
    expect(source.includes(`"${code}"`)).toBe(true);
  });
});
