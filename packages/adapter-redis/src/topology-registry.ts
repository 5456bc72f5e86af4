import type { PublishedTopology, TopologyRegistry } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import { watchChanges } from "./change-watch.ts";
import type { RedisConnection } from "./connection.ts";
import { channels, clusterKeys } from "./keys.ts";
import { runScript } from "./scripts.ts";

/**
 * The published topology in one hash. A watcher takes the version that stands when `watch` resolves as known and is told of every later one
 * (several in quick succession may come as the last of them); call `watch` before `current`, and nothing falls between.
 */
export function createTopologyRegistry(connection: RedisConnection): TopologyRegistry {
  const current = async (): Promise<Result<PublishedTopology | null, Failure>> => {
    const fields = await connection.run("read-topology", (client) => client.hgetall(clusterKeys.topology));
    return fields.ok ? ok(readTopology(fields.value)) : fields;
  };
  return {
    current,

    async watch(onChange) {
      let seen: number | null = null;
      return watchChanges(connection, channels.topology, async () => {
        const version = await connection.run("read-topology-version", (client) =>
          client.hget(clusterKeys.topology, "version"),
        );
        if (!version.ok) return version;
        const known = seen;
        if (Number(version.value ?? 0) === known) return ok(undefined);
        if (known === null) {
          seen = Number(version.value ?? 0);
          return ok(undefined);
        }
        const topology = await current();
        if (!topology.ok) return topology;
        seen = topology.value?.version ?? 0;
        if (topology.value !== null) onChange(topology.value);
        return ok(undefined);
      });
    },

    async publish(document, expectedVersion) {
      const reply = await connection.run("publish-topology", (client) =>
        runScript(client, "publish-topology", [
          clusterKeys.topology,
          expectedVersion ?? 0,
          document.json,
          document.author,
          document.atMs,
          channels.topology,
          document.fileDigest ?? "",
        ]),
      );
      if (!reply.ok) return reply;
      return ok(reply.value === 0 ? "conflict" : "published");
    },
  };
}

function readTopology(fields: Readonly<Record<string, string>>): PublishedTopology | null {
  const { version, json, author, atMs, fileDigest } = fields;
  if (version === undefined || json === undefined) return null;
  return {
    version: Number(version),
    json,
    author: author ?? "",
    atMs: Number(atMs ?? 0),
    ...(fileDigest === undefined ? {} : { fileDigest }),
  };
}
