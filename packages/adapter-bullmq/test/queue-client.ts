import { startRedisCluster, startRedisSentinel, startRedisServer, type RedisFixture } from "@tandem/testkit";
import type { QueueClient, QueueConnection } from "@tandem/adapter-bullmq";
import { Cluster, Redis } from "ioredis";

/** The shapes of Redis the queues have to work on. */
export const deployments: readonly { readonly name: string; readonly start: () => Promise<RedisFixture> }[] = [
  { name: "standalone", start: () => startRedisServer() },
  { name: "Cluster of three masters", start: startRedisCluster },
  { name: "Sentinel", start: startRedisSentinel },
];

/** A client as BullMQ wants it, for a fixture's URL. */
function queueClient(url: string): QueueClient {
  const [scheme, rest = ""] = url.split("://");
  const [hosts = "", name = ""] = rest.split("/");
  const nodes = hosts.split(",").map((host) => {
    const [address = "", port = ""] = host.split(":");
    return { host: address, port: Number(port) };
  });
  const patient = { maxRetriesPerRequest: null, replyMapping: "legacy" } as const;
  if (scheme === "cluster") return new Cluster(nodes, { redisOptions: patient });
  if (scheme === "sentinel") return new Redis({ ...patient, sentinels: nodes, name });
  return new Redis({ ...patient, ...nodes[0] });
}

/** A queue connection that must not meet an error while it is open. */
export function queueConnection(url: string): QueueConnection & { readonly errors: string[] } & Disposable {
  const client = queueClient(url);
  const errors: string[] = [];
  return {
    client,
    errors,
    onError: (_where, reason) => errors.push(reason),
    [Symbol.dispose]: () => {
      client.disconnect();
    },
  };
}
