import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDataFolder } from "./data-folder.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tandem-data-folder-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("none named: a temporary one, gone when removed", () => {
  const made = openDataFolder(null);
  const path = made.ok ? made.value.path : "";
  expect(existsSync(path)).toBe(true);
  if (made.ok) made.value.remove();
  expect(existsSync(path)).toBe(false);
});

it("one that is named is made, and stays", () => {
  const path = join(folder, "run", "today");
  const made = openDataFolder(path);
  if (made.ok) made.value.remove();
  expect(made.ok && existsSync(path)).toBe(true);
});

it("a file in its place: one sentence, exit code 64", () => {
  const file = join(folder, "notes.txt");
  writeFileSync(file, "");
  for (const path of [file, join(file, "run")]) {
    expect(openDataFolder(path)).toEqual({
      ok: false,
      error: { exitCode: 64, sentence: `There is a file where the folder ${path} should be.` },
    });
  }
});
