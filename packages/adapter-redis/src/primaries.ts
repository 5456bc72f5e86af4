import { Cluster, Command } from "ioredis";
import type { RedisClient } from "./client-options.ts";
import { callbackKeys, DEFAULT_SHARDS, lisKeys, shardKeys } from "./keys.ts";

/** What stands for all that an emergency call asks for: one key of every hash tag that does not change from call to call. */
const ASKED_KEYS: readonly string[] = [
  ...Array.from({ length: DEFAULT_SHARDS }, (_, shard) => shardKeys(shard).fence),
  callbackKeys.revision,
  lisKeys.state,
];

/** Of a stand-alone Redis, or one behind Sentinels, whichever server is the primary now. */
const ONLY_ONE = "primary";
/** Until a Cluster has said who has the slot. */
const UNKNOWN = "unknown";

/** The primary that keeps the key now, as the client knows: `host:port` in a Cluster. */
export function primaryOf(client: RedisClient, key: string): string {
  if (!(client instanceof Cluster)) return ONLY_ONE;
  return client.slots[new Command("exists", [key]).getSlot()]?.[0] ?? UNKNOWN;
}

/** The primaries that keep what calls ask for, each with one of those keys. */
export function primariesOf(client: RedisClient): ReadonlyMap<string, string> {
  return new Map(ASKED_KEYS.map((key) => [primaryOf(client, key), key]));
}
