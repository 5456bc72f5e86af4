import type { DrainTarget, Member, Membership } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { clusterKeys } from "./keys.ts";
import { runScript } from "./scripts.ts";

/** How long a member that vanished is told of, milliseconds: long enough for somebody to see it, and its place is taken by then. */
const LOST_MS = 15 * 60_000;

/**
 * Members in a hash beside a sorted set of when each entry lapses by Redis's clock. A request to drain a worker ends with its `withdraw`; one for a
 * pool stands until it is taken back. An entry that lapsed stays for a while, so that who vanished can be told from who left.
 */
export function createMembership(connection: RedisConnection): Membership {
  const { members, memberLapses, drains } = clusterKeys;
  const read = async (which: "present" | "lost"): Promise<Result<readonly Member[], Failure>> => {
    const reply = await connection.run("list-members", (client) =>
      runScript(client, "read-members", [members, memberLapses, which, LOST_MS]),
    );
    return reply.ok ? ok((reply.value as string[]).map((json) => JSON.parse(json) as Member)) : reply;
  };
  return {
    async announce(member, ttlMs) {
      const reply = await connection.run("announce-member", (client) =>
        runScript(client, "announce-member", [members, memberLapses, member.id, JSON.stringify(member), ttlMs]),
      );
      return reply.ok ? ok(undefined) : reply;
    },
    async withdraw(id) {
      const reply = await connection.run("withdraw-member", (client) =>
        runScript(client, "withdraw-member", [members, memberLapses, drains, id, drainEntry({ kind: "worker", id })]),
      );
      return reply.ok ? ok(undefined) : reply;
    },
    members: () => read("present"),
    lost: () => read("lost"),
    async requestDrain(target, draining) {
      const entry = drainEntry(target);
      const reply = await connection.run("request-drain", (client) =>
        draining ? client.sadd(drains, entry) : client.srem(drains, entry),
      );
      return reply.ok ? ok(undefined) : reply;
    },
    async drainRequested({ id, pool }) {
      const entries = [drainEntry({ kind: "worker", id })];
      if (pool !== null) entries.push(drainEntry({ kind: "pool", name: pool }));
      const reply = await connection.run("read-drains", (client) => client.smismember(drains, ...entries));
      return reply.ok ? ok(reply.value.some((wanted) => wanted === 1)) : reply;
    },
  };
}

function drainEntry(target: DrainTarget): string {
  return target.kind === "worker" ? `worker:${target.id}` : `pool:${target.name}`;
}
