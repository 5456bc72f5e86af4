import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { watchSpool, whyNotWritable } from "./spool-watch.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "spool-"));
});
afterEach(() => rm(directory, { recursive: true }));

describe("whyNotWritable", () => {
  test("a directory that can be written, or made, is writable, and nothing stays in it", async () => {
    const inner = join(directory, "new");
    expect([await whyNotWritable(directory), await whyNotWritable(inner)]).toEqual([null, null]);
    expect(await readdir(inner)).toEqual([]);
  });

  test("where a file stands in its place it is not, with the system's word for it", async () => {
    const file = join(directory, "file");
    await writeFile(file, "");
    expect([await whyNotWritable(file), await whyNotWritable(join(file, "inner"))]).toEqual(["EEXIST", "ENOTDIR"]);
  });
});

describe("watchSpool", () => {
  /** A watch over a disk that answers in turn; `pass` lets one minute go by. */
  function rig(answers: (string | null)[]) {
    const told: (string | null)[] = [];
    const due: (() => void)[] = [];
    const stop = watchSpool({
      clock: {
        now: () => 0,
        after: (_ms, fire) => {
          due.push(fire);
          return () => void due.splice(due.indexOf(fire), 1);
        },
      },
      look: () => Promise.resolve(answers.shift() ?? null),
      onChange: (fault) => told.push(fault),
    });
    const settle = async (): Promise<void> => {
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    };
    const pass = async (): Promise<void> => {
      due.shift()?.();
      await settle();
    };
    return { told, due, stop, settle, pass };
  }

  test("tells the first answer and every change, once", async () => {
    const { told, settle, pass } = rig(["EACCES", "EACCES", null, null, "ENOSPC"]);
    await settle();
    expect(told).toEqual(["EACCES"]);
    for (let minute = 0; minute < 4; minute += 1) await pass();
    expect(told).toEqual(["EACCES", null, "ENOSPC"]);
  });

  test("stopped, it asks no more", async () => {
    const { due, stop, settle } = rig([null]);
    await settle();
    expect(due).toHaveLength(1);
    stop();
    expect(due).toHaveLength(0);
  });

  test("stopped while it looks, it tells nothing", async () => {
    const { told, due, stop, settle } = rig(["EACCES"]);
    stop();
    await settle();
    expect([told, due]).toEqual([[], []]);
  });
});
