import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UnfinishedCall } from "@tandem/call-control";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDetailRecordSpool } from "./detail-record-spool.ts";

let directory = "";
let bad: string[] = [];
const onBad = (file: string): void => void bad.push(file);
beforeEach(async () => {
  bad = [];
  directory = await mkdtemp(join(tmpdir(), "spool-"));
});
afterEach(() => rm(directory, { recursive: true }));

function entry(callId: string): UnfinishedCall {
  const call = { callId, document: '{"latin1":"\u00e9"}', deadlineMs: 1, trunks: ["t"] };
  return { call, version: 3, records: [{ id: callId, kind: "call", json: "{}" }] };
}

describe("the file spool", () => {
  test("gives back what was put, oldest name first, until it is removed", async () => {
    const spool = createDetailRecordSpool(directory, onBad);
    for (const id of ["b", "a", "c"]) await spool.put(entry(id));
    expect(await spool.peek(2)).toEqual({ ok: true, value: [entry("a"), entry("b")] });
    await spool.remove(entry("a"));
    await spool.remove(entry("a"));
    expect(await spool.peek(9)).toEqual({ ok: true, value: [entry("b"), entry("c")] });
  });

  test("makes its directory, and only the owner reads the files", async () => {
    const inner = join(directory, "new");
    await createDetailRecordSpool(inner, onBad).put(entry("a"));
    expect((await stat(join(inner, "a.json"))).mode & 0o077).toBe(0);
  });

  test("a directory that does not exist is empty", async () => {
    expect(await createDetailRecordSpool(join(directory, "none"), onBad).peek(5)).toEqual({ ok: true, value: [] });
  });

  test("a write that was cut off is never seen", async () => {
    await writeFile(join(directory, "x.json.99.part"), '{"call":');
    expect(await createDetailRecordSpool(directory, onBad).peek(5)).toEqual({ ok: true, value: [] });
  });

  test.each([
    ["half a document", '{"call":'],
    ["nothing", ""],
    ["another kind of document", "5"],
    ["an entry of another name", JSON.stringify(entry("z"))],
  ])("a file that holds %s is put aside, and the others come", async (_what, text) => {
    const spool = createDetailRecordSpool(directory, onBad);
    for (const id of ["b", "c"]) await spool.put(entry(id));
    await writeFile(join(directory, "a.json"), text);
    expect(await spool.peek(2)).toEqual({ ok: true, value: [entry("b"), entry("c")] });
    expect((await readdir(directory)).sort()).toEqual(["a.json.bad", "b.json", "c.json"]);
    await spool.peek(2);
    expect(bad).toEqual(["a.json.bad"]);
  });

  test("a folder among the files is put aside too", async () => {
    await mkdir(join(directory, "a.json"));
    expect(await createDetailRecordSpool(directory, onBad).peek(2)).toEqual({ ok: true, value: [] });
    expect(await readdir(directory)).toEqual(["a.json.bad"]);
    expect(bad).toEqual(["a.json.bad"]);
  });

  test("put twice is one file", async () => {
    const spool = createDetailRecordSpool(directory, onBad);
    await Promise.all([spool.put(entry("a")), spool.put(entry("b"))]);
    await spool.put(entry("a"));
    expect((await readdir(directory)).sort()).toEqual(["a.json", "b.json"]);
  });

  test("a directory that cannot be made is a failure, not a throw", async () => {
    await writeFile(join(directory, "file"), "");
    const put = await createDetailRecordSpool(join(directory, "file", "spool"), onBad).put(entry("a"));
    expect(put).toMatchObject({ ok: false, error: { code: "delivery-failed" } });
  });
});
