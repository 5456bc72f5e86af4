import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PublishedTopology, TopologyCache } from "@tandem/call-control";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import { writeWhole } from "./whole-file.ts";

/**
 * The topology in one file of the spool directory, which workers of several clusters may share: the file is named by the cluster's Redis.
 */
export function createTopologyCache(directory: string, redisUrl: string): TopologyCache {
  const cluster = createHash("sha256").update(redisUrl).digest("hex").slice(0, 16);
  const file = join(directory, `topology-${cluster}.cache`);
  return {
    read: () => attempt(async () => parse(await textOf(file))),
    write: (topology) => attempt(() => writeWhole(file, JSON.stringify(topology))),
  };
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
