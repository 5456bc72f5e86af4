import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openEdgeSource } from "./edge-source.ts";

const folder = mkdtempSync(join(tmpdir(), "tandem-edges-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(text: string): string {
  const file = join(folder, "edges.json");
  writeFileSync(file, text);
  return file;
}

const opened = (file: string) => openEdgeSource({ edges: { kind: "file", file }, pool: "east", edge: null });

describe("edges from a file", () => {
  it("are read anew each time: an edge that came is there", async () => {
    const file = fileWith('{"east":["127.0.0.1:1"],"west":["h:2"]}');
    const source = opened(file);
    if (!source.ok) throw new Error(source.error.detail);
    expect(source.value.pools).toEqual(["east", "west"]);
    fileWith('{"east":["127.0.0.1:1","127.0.0.1:3"],"west":["h:2"]}');
    expect((await source.value.read())["east"]).toEqual(["127.0.0.1:1", "127.0.0.1:3"]);
  });

  it("that are spoilt later count as not known, not as none", async () => {
    const source = opened(fileWith('{"east":["127.0.0.1:1"]}'));
    if (!source.ok) throw new Error(source.error.detail);
    fileWith('{"east":[]}');
    await expect(source.value.read()).rejects.toThrow();
    fileWith("{");
    await expect(source.value.read()).rejects.toThrow();
  });

  it.each([
    ["no JSON", "{"],
    ["no edges of the own pool", '{"west":["h:2"]}'],
    ["no address", '{"east":["nowhere"]}'],
  ])("a file with %s is a wrong configuration", (_what, text) => {
    expect(opened(fileWith(text))).toMatchObject({ ok: false, error: { code: "configuration-invalid" } });
  });

  it("a fused worker is among them, and leaves itself out", async () => {
    const file = fileWith('{"east":["127.0.0.1:1","127.0.0.1:2"]}');
    const edge = { listeners: [], admin: { host: "127.0.0.1", port: 2 } };
    const source = openEdgeSource({ edges: { kind: "file", file }, pool: "east", edge });
    if (!source.ok) throw new Error(source.error.detail);
    expect(await source.value.read()).toEqual({ east: ["127.0.0.1:1"] });
  });

  it("a file that is not there is a wrong configuration", () => {
    expect(opened(join(folder, "none"))).toMatchObject({ ok: false, error: { code: "configuration-invalid" } });
  });
});

it("a table stands for itself", async () => {
  const source = openEdgeSource({ edges: { kind: "table", table: { east: ["h:1"] } }, pool: "east", edge: null });
  if (!source.ok) throw new Error(source.error.detail);
  expect(await source.value.read()).toEqual({ east: ["h:1"] });
});
