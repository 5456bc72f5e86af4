import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { PublishedTopology, TopologyCache } from "@tandem/call-control";
import { err, ok, type Failure, type Result } from "@tandem/domain";

/**
 * The topology in one file of the spool directory, which workers of several clusters may share: the file is named by the cluster's Redis. It appears whole
 * or not at all: it is written aside, synced and renamed.
 */
export function createTopologyCache(directory: string, redisUrl: string): TopologyCache {
  const cluster = createHash("sha256").update(redisUrl).digest("hex").slice(0, 16);
  const file = join(directory, `topology-${cluster}.cache`);
  return {
    read: () => attempt(async () => parse(await textOf(file))),
    write: (topology) =>
      attempt(async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        const aside = `${file}.${process.pid}.part`;
        await writeSynced(aside, JSON.stringify(topology));
        await rename(aside, file);
      }),
  };
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

function parse(text: string | null): PublishedTopology | null {
  return text === null ? null : (JSON.parse(text) as PublishedTopology);
}

async function attempt<T>(act: () => Promise<T>): Promise<Result<T, Failure>> {
  try {
    return ok(await act());
  } catch (cause) {
    const detail = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    return err({ code: "store-unavailable", detail: `topology cache: ${detail}`, cause });
  }
}
