import { readdir, readFile, unlink, rename } from "node:fs/promises";
import { join } from "node:path";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import { writeWhole } from "./whole-file.ts";

const SUFFIX = ".json";
const BAD_SUFFIX = ".bad";

/** Entries on disk, by name. */
export interface FileSpool<Entry> {
  put(entry: Entry): Promise<Result<void, Failure>>;
  /** Files that hold no entry are put aside on the way. */
  peek(limit: number): Promise<Result<readonly Entry[], Failure>>;
  remove(entry: Entry): Promise<Result<void, Failure>>;
}

/** Told the name of each file that was put aside: what it owed to people is theirs to look after. */
export type OnBadFile = (name: string) => void;

export interface FileSpoolOptions<Entry> {
  readonly nameOf: (entry: Entry) => string;
  readonly onBad: OnBadFile;
}

/**
 * One file per entry, named by `nameOf`, readable by the owner only (it holds numbers). Several workers may share the directory; delivering a call twice is
 * harmless.
 */
export function createFileSpool<Entry>(
  directory: string,
  { nameOf, onBad }: FileSpoolOptions<Entry>,
): FileSpool<Entry> {
  const fileOf = (entry: Entry): string => join(directory, `${nameOf(entry)}${SUFFIX}`);
  return {
    put: (entry) => attempt(() => writeWhole(fileOf(entry), JSON.stringify(entry))),
    peek: (limit) =>
      attempt(async () => {
        const names = (await namesIn(directory)).filter((name) => name.endsWith(SUFFIX)).sort();
        const entries: Entry[] = [];
        // One after the other, so that files put aside do not make a batch look like the last.
        for (const name of names) {
          if (entries.length === limit) break;
          const entry = await readEntry(join(directory, name), fileOf);
          if (entry === "bad") onBad(name + BAD_SUFFIX);
          else if (entry !== null) entries.push(entry);
        }
        return entries;
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

/** Codes of files that will not be readable the next time either; a lack of descriptors or memory passes. */
const LASTING = new Set(["EACCES", "EPERM", "EISDIR", "EIO", "ELOOP"]);

/**
 * Null when another worker delivered and removed it meanwhile. `bad`: it is no entry of that name, and was put aside as `.bad` for people to look at, because
 * it would hold up all others.
 */
async function readEntry<Entry>(path: string, fileOf: (entry: Entry) => string): Promise<Entry | "bad" | null> {
  try {
    const entry = entryIn(await readFile(path, "utf8"), path, fileOf);
    if (entry !== null) return entry;
  } catch (error) {
    if (isMissing(error)) return null;
    if (!isLasting(error)) throw error;
  }
  return (await putAside(path)) ? "bad" : null;
}

function entryIn<Entry>(text: string, path: string, fileOf: (entry: Entry) => string): Entry | null {
  try {
    const entry = JSON.parse(text) as Entry;
    return fileOf(entry) === path ? entry : null;
  } catch {
    return null;
  }
}

/** False when another worker was faster. */
async function putAside(path: string): Promise<boolean> {
  try {
    await rename(path, `${path}${BAD_SUFFIX}`);
    return true;
  } catch (error) {
    if (!isMissing(error)) throw error;
    return false;
  }
}

function isLasting(error: unknown): boolean {
  return error instanceof Error && "code" in error && LASTING.has(String(error.code));
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
