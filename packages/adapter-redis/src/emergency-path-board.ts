import type { EmergencyPath, EmergencyPathBoard } from "@tandem/call-control";
import { ok } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { clusterKeys } from "./keys.ts";

/** When each emergency path was last walked, in one hash. */
export function createEmergencyPathBoard(connection: RedisConnection): EmergencyPathBoard {
  const { emergencyPaths } = clusterKeys;
  return {
    async all() {
      const fields = await connection.run("read-emergency-paths", (client) => client.hvals(emergencyPaths));
      return fields.ok ? ok(fields.value.map((json) => JSON.parse(json) as EmergencyPath)) : fields;
    },

    async set(path) {
      const written = await connection.run("set-emergency-path", (client) =>
        client.hset(emergencyPaths, fieldOf(path), JSON.stringify(path)),
      );
      return written.ok ? ok(undefined) : written;
    },

    async forget(path) {
      const removed = await connection.run("forget-emergency-path", (client) =>
        client.hdel(emergencyPaths, fieldOf(path)),
      );
      return removed.ok ? ok(undefined) : removed;
    },
  };
}

/** Names hold no slash. */
function fieldOf({ pool, trunk }: { readonly pool: string; readonly trunk: string }): string {
  return `${pool}/${trunk}`;
}
