import type { LeaderLease } from "@tandem/call-control";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { clusterKeys } from "./keys.ts";
import { runScript } from "./scripts.ts";

/**
 * One lease, timed by Redis's clock. A lease that lapsed is a new reign even for the same holder: its epoch grows, so that what was begun before the
 * lapse can be told from what comes after. A holder must renew well before `ttlMs` and stop acting when a renewal fails for that long.
 */
export function createLeaderLease(connection: RedisConnection): LeaderLease {
  return {
    async acquire(holder, ttlMs) {
      const reply = await connection.run("acquire-lease", (client) =>
        runScript(client, "acquire-lease", [clusterKeys.leader, holder, ttlMs]),
      );
      if (!reply.ok) return reply;
      const [held, epoch, current] = reply.value as [number, number, string];
      return ok({ held: held === 1, epoch, holder: current });
    },
    async release(holder) {
      const reply = await connection.run("release-lease", (client) =>
        runScript(client, "release-lease", [clusterKeys.leader, holder]),
      );
      return reply.ok ? ok(undefined) : reply;
    },
  };
}

/** What became of a leader's write whose script returns -1 when a later term than `epoch` has begun. */
export function writtenInTerm(reply: Result<unknown, Failure>, epoch: number): Result<void, Failure> {
  if (!reply.ok) return reply;
  if (reply.value !== -1) return ok(undefined);
  return err({ code: "lease-lost", detail: `term ${String(epoch)} is over; its write was refused` });
}
