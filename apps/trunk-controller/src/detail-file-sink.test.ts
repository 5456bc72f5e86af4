import { appendFile, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StreamedRecord } from "@tandem/call-control";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDetailFileSink } from "./detail-file-sink.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "tandem-cdr-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const records = (...ids: readonly string[]): readonly StreamedRecord[] =>
  ids.map((id) => ({ shard: 0, streamId: "1-0", id, kind: "call", json: JSON.stringify({ id, name: "Zoë" }) }));

const idsIn = async (path: string): Promise<readonly string[]> => {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => (JSON.parse(line) as { id: string }).id);
};

const sinkAt = (path: string, options: { readonly maxBytes?: number } = {}) =>
  createDetailFileSink({ path, maxBytes: options.maxBytes ?? 0, sync: true, now: () => 1_800_000_000_000 });

describe("the detail record file", () => {
  it("gets one line per record, in order, after what it held", async () => {
    const path = join(directory, "cdr.jsonl");
    const first = sinkAt(path);
    expect(await first.take(records("a", "b"))).toMatchObject({ ok: true });
    await first.close();
    const second = sinkAt(path);
    await second.take(records("c"));
    await second.close();
    expect(await idsIn(path)).toEqual(["a", "b", "c"]);
  });

  it("ends a line that a crash cut short before it goes on", async () => {
    const path = join(directory, "cdr.jsonl");
    await appendFile(path, '{"id":"a"}\n{"id":"b","du');
    const sink = sinkAt(path);
    await sink.take(records("b"));
    await sink.close();
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[2] ?? "")).toMatchObject({ id: "b" });
  });

  it("is put aside when full, and no batch is torn apart", async () => {
    const path = join(directory, "cdr.jsonl");
    const sink = sinkAt(path, { maxBytes: 60 });
    await sink.take(records("a", "b"));
    await sink.take(records("c", "d"));
    await sink.close();
    const names = (await readdir(directory)).sort();
    expect(names).toEqual(["cdr.jsonl", "cdr.jsonl.2027-01-15T080000.000Z"]);
    expect(await idsIn(join(directory, names[1] ?? ""))).toEqual(["a", "b"]);
    expect(await idsIn(path)).toEqual(["c", "d"]);
  });

  it("is opened anew by its name when asked, after a log rotator moved it", async () => {
    const path = join(directory, "cdr.jsonl");
    const sink = sinkAt(path);
    await sink.take(records("a"));
    await rename(path, join(directory, "moved"));
    await sink.take(records("b"));
    sink.reopen();
    await sink.take(records("c"));
    await sink.close();
    expect(await idsIn(join(directory, "moved"))).toEqual(["a", "b"]);
    expect(await idsIn(path)).toEqual(["c"]);
  });

  it("gets batches one after the other, whoever does not wait for the one before", async () => {
    const path = join(directory, "cdr.jsonl");
    const sink = sinkAt(path, { maxBytes: 60 });
    await Promise.all([sink.take(records("a", "b")), sink.take(records("c", "d"))]);
    await sink.close();
    const names = (await readdir(directory)).sort();
    const files = await Promise.all(names.toReversed().map((name) => idsIn(join(directory, name))));
    expect(files).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
  });

  it("fails without losing anything when it cannot be written, and goes on when it can", async () => {
    const path = join(directory, "missing", "cdr.jsonl");
    const sink = sinkAt(path);
    expect(await sink.take(records("a"))).toMatchObject({ ok: false, error: { code: "delivery-failed" } });
    const fixed = sinkAt(join(directory, "cdr.jsonl"));
    expect(await fixed.take(records("a"))).toMatchObject({ ok: true });
    await Promise.all([sink.close(), fixed.close()]);
  });
});
