import { readdir, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import { writeWhole } from "./whole-file.ts";

const SUFFIX = ".json";

/** Entries on disk, by name. */
export interface FileSpool<Entry> {
  put(entry: Entry): Promise<Result<void, Failure>>;
  peek(limit: number): Promise<Result<readonly Entry[], Failure>>;
  remove(entry: Entry): Promise<Result<void, Failure>>;
}

/**
 * One file per entry, named by `nameOf`, readable by the owner only (it holds numbers). Several workers may share the directory; delivering a call twice is
 * harmless.
 */
export function createFileSpool<Entry>(directory: string, nameOf: (entry: Entry) => string): FileSpool<Entry> {
  const fileOf = (entry: Entry): string => join(directory, `${nameOf(entry)}${SUFFIX}`);
  return {
    put: (entry) => attempt(() => writeWhole(fileOf(entry), JSON.stringify(entry))),
    peek: (limit) =>
      attempt(async () => {
        const names = (await namesIn(directory)).filter((name) => name.endsWith(SUFFIX)).sort();
        const entries = await Promise.all(names.slice(0, limit).map((name) => readEntry<Entry>(join(directory, name))));
        return entries.flatMap((entry) => (entry === null ? [] : [entry]));
      }),
    remove: (entry) => attempt(() => unlinkIfThere(fileOf(entry))),
  };
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Null when another worker delivered and removed it meanwhile. */
async function readEntry<Entry>(path: string): Promise<Entry | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Entry;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

async function attempt<T>(act: () => Promise<T>): Promise<Result<T, Failure>> {
  try {
    return ok(await act());
  } catch (cause) {
    const detail = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    return err({ code: "delivery-failed", detail: `spool directory: ${detail}`, cause });
  }
}
