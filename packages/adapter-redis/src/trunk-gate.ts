import type { GateLease, GateLedger, GateRequest, TrunkGate } from "@tandem/call-control";
import { ok } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { gateKeys } from "./keys.ts";
import { runScript } from "./scripts.ts";

/** What the gate offers beyond the calls' port: the ledger for the controller's sweep of leases whose call is gone. */
export interface RedisTrunkGate extends TrunkGate, GateLedger {}

const VERDICTS = { 1: "reserved", 0: "full", [-1]: "too-fast" } as const;

/**
 * Cluster-wide limits in Redis. Time is the caller's (`nowMs`), so the workers' clocks must agree to well within a second (NTP): a worker that is ahead
 * lets leases lapse early by as much, and one that is behind counts the last second longer.
 */
export function createRedisTrunkGate(connection: RedisConnection): RedisTrunkGate {
  return {
    async reserve(request: GateRequest) {
      const keys = gateKeys(request.trunk);
      const { callId, maxCalls, maxCallsPerSecond, keptForEmergency = 0, nowMs, untilMs } = request;
      const reply = await connection.run("reserve-trunk", (client) =>
        runScript(client, "reserve-trunk", [
          keys.leases,
          keys.rate,
          keys.ages,
          keys.seized,
          callId,
          maxCalls,
          maxCallsPerSecond,
          nowMs,
          untilMs,
          keptForEmergency,
        ]),
      );
      return reply.ok ? ok(VERDICTS[reply.value as keyof typeof VERDICTS]) : reply;
    },

    async seize({ trunk, callId, maxCalls, preempts, nowMs, untilMs }) {
      const keys = gateKeys(trunk);
      const places = [keys.leases, keys.seized, keys.ages];
      const reply = await connection.run("seize-place", (client) =>
        runScript(client, "seize-place", [...places, callId, maxCalls, preempts ? 1 : 0, nowMs, untilMs]),
      );
      if (!reply.ok) return reply;
      return ok({ victim: typeof reply.value === "string" && reply.value !== "" ? reply.value : null });
    },

    async release(trunk, callId) {
      const keys = gateKeys(trunk);
      const reply = await connection.run("release-trunk", (client) =>
        Promise.all([keys.leases, keys.ages, keys.seized].map((key) => client.zrem(key, callId))),
      );
      return reply.ok ? ok(undefined) : reply;
    },

    async leases(trunk) {
      const keys = gateKeys(trunk);
      const reply = await connection.run("list-leases", (client) =>
        Promise.all([keys.leases, keys.seized].map((key) => client.zrange(key, 0, "-1", "WITHSCORES"))),
      );
      return reply.ok ? ok(reply.value.flatMap(leasesListed)) : reply;
    },
  };
}

/** The leases of one sorted set as Redis lists it: call, end, call, end, … */
function leasesListed(listed: readonly string[]): GateLease[] {
  const found: GateLease[] = [];
  for (let index = 0; index + 1 < listed.length; index += 2) {
    found.push({ callId: listed[index] ?? "", untilMs: Number(listed[index + 1]) });
  }
  return found;
}
