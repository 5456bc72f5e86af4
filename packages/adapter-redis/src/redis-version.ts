import { Cluster } from "ioredis";
import type { RedisClient } from "./client-options.ts";

/** Redis before this has no `ZRANGE … BYSCORE`, by which calls whose time is up are found. */
export const OLDEST_REDIS = "6.2";

/** The version of a server that is older than Tandem can use; null: none is, or none tells. In a Cluster every master is asked. Rejects as a command does. */
export async function outdatedVersion(client: RedisClient): Promise<string | null> {
  const nodes = client instanceof Cluster ? client.nodes("master") : [client];
  const told = await Promise.all(nodes.map((node) => node.info("server")));
  return told.map(versionIn).find((version) => version !== null && isOutdated(version)) ?? null;
}

function versionIn(info: string): string | null {
  return /^redis_version:(\d+\.\d+\S*)/m.exec(info)?.[1] ?? null;
}

function isOutdated(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_REDIS.split(".").map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
