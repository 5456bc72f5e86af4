import type { EmergencyPath, EmergencyPathBoard } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { clusterKeys } from "./keys.ts";
import { writtenInTerm } from "./leader-lease.ts";
import { runScript } from "./scripts.ts";

/** When each emergency path was last walked, in one hash. */
export function createEmergencyPathBoard(connection: RedisConnection): EmergencyPathBoard {
  const { emergencyPaths, leader } = clusterKeys;
  const write = async (path: PathName, json: string, epoch: number): Promise<Result<void, Failure>> => {
    const reply = await connection.run("set-emergency-path", (client) =>
      runScript(client, "set-emergency-path", [emergencyPaths, leader, fieldOf(path), json, epoch]),
    );
    return writtenInTerm(reply, epoch);
  };
  return {
    async all() {
      const fields = await connection.run("read-emergency-paths", (client) => client.hvals(emergencyPaths));
      return fields.ok ? ok(fields.value.map((json) => JSON.parse(json) as EmergencyPath)) : fields;
    },

    set: (path, epoch) => write(path, JSON.stringify(path), epoch),
    forget: (path, epoch) => write(path, "", epoch),
  };
}

interface PathName {
  readonly pool: string;
  readonly trunk: string;
}

/** Names hold no slash. */
function fieldOf({ pool, trunk }: PathName): string {
  return `${pool}/${trunk}`;
}
