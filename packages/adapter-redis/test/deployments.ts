import { startRedisCluster, startRedisServer, type RedisFixture } from "@tandem/testkit";

/** The shapes of Redis everything has to work on. */
export const deployments: readonly { readonly name: string; readonly start: () => Promise<RedisFixture> }[] = [
  { name: "standalone", start: () => startRedisServer() },
  { name: "Cluster of three masters", start: () => startRedisCluster() },
];
