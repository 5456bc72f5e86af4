import type { TrunkHealth, TrunkHealthBoard, TrunkSignal } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import { watchChanges } from "./change-watch.ts";
import type { RedisConnection } from "./connection.ts";
import { channels, clusterKeys } from "./keys.ts";
import { writtenInTerm } from "./leader-lease.ts";
import { runScript } from "./scripts.ts";
import { SignalBuffer } from "./signal-buffer.ts";

/** What the board offers beyond the port, for the controller. */
export interface RedisTrunkHealthBoard extends TrunkHealthBoard {
  /** Removes what is known of a trunk that no longer exists. */
  forget(trunk: string, epoch: number): Promise<Result<void, Failure>>;
}

/** The health of all trunks in one hash. Whoever cannot reach Redis keeps what he knew. */
export function createTrunkHealthBoard(connection: RedisConnection): RedisTrunkHealthBoard {
  const signals = new SignalBuffer(connection);
  const { health: board, healthRevision, leader } = clusterKeys;
  const write = async (trunk: string, json: string, epoch: number): Promise<Result<void, Failure>> => {
    const reply = await connection.run("set-health", (client) =>
      runScript(client, "set-health", [board, healthRevision, leader, trunk, json, channels.health, epoch]),
    );
    return writtenInTerm(reply, epoch);
  };
  return {
    async all() {
      const fields = await connection.run("read-health", (client) => client.hgetall(clusterKeys.health));
      if (!fields.ok) return fields;
      return ok(new Map(Object.entries(fields.value).map(([trunk, json]) => [trunk, JSON.parse(json) as TrunkHealth])));
    },
    set: (health, epoch) => write(health.trunk, JSON.stringify(health), epoch),
    forget: (trunk, epoch) => write(trunk, "", epoch),
    watch: (onChange) => watchChanges(connection, channels.health, changedHealth(connection, onChange)),
    report(signal) {
      signals.add(signal);
    },
    async takeSignals(limit) {
      const taken = await connection.run("take-signals", (client) => client.lpop(clusterKeys.signals, limit));
      return taken.ok ? ok((taken.value ?? []).map((json) => JSON.parse(json) as TrunkSignal)) : taken;
    },
  };
}

/** Looks whether the revision moved, and if so which trunks differ from what was seen last. */
function changedHealth(
  connection: RedisConnection,
  onChange: (health: TrunkHealth) => void,
): () => Promise<Result<void, Failure>> {
  let seen: ReadonlyMap<string, string> | null = null;
  let seenRevision: string | null = null;
  return async () => {
    const revision = await connection.run("read-health-revision", (client) => client.get(clusterKeys.healthRevision));
    if (!revision.ok) return revision;
    if (seen !== null && revision.value === seenRevision) return ok(undefined);
    const fields = await connection.run("read-health", (client) => client.hgetall(clusterKeys.health));
    if (!fields.ok) return fields;
    const before = seen;
    seen = new Map(Object.entries(fields.value));
    seenRevision = revision.value;
    if (before === null) return ok(undefined);
    for (const [trunk, json] of seen) {
      if (before.get(trunk) !== json) onChange(JSON.parse(json) as TrunkHealth);
    }
    return ok(undefined);
  };
}
