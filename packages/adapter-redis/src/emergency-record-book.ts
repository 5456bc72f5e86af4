import type { EmergencyRecordBook } from "@tandem/call-control";
import { ok } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { emergencyRecordKey, emergencyRecordsKey } from "./keys.ts";

export interface EmergencyRecordOptions {
  /** How long a record stays (ms). Default 30 days. */
  readonly keepMs?: number;
}

const KEEP_MS = 30 * 86_400_000;

/** Emergency records of late, one key each, and an index by time; all in one slot. */
export function createEmergencyRecordBook(
  connection: RedisConnection,
  { keepMs = KEEP_MS }: EmergencyRecordOptions = {},
): EmergencyRecordBook {
  return {
    async put({ callId, startMs, json }) {
      const written = await connection.run("put-emergency-record", (client) =>
        client
          .multi()
          .set(emergencyRecordKey(callId), json, "PX", keepMs)
          .zadd(emergencyRecordsKey, startMs, callId)
          .zremrangebyscore(emergencyRecordsKey, "-inf", startMs - keepMs)
          .exec(),
      );
      return written.ok ? ok(undefined) : written;
    },

    get: (callId) => connection.run("get-emergency-record", (client) => client.get(emergencyRecordKey(callId))),

    async list(limit) {
      const ids = await connection.run("list-emergency-records", (client) =>
        client.zrevrange(emergencyRecordsKey, 0, limit - 1),
      );
      if (!ids.ok || ids.value.length === 0) return ids;
      const read = await connection.run("read-emergency-records", (client) =>
        client.mget(...ids.value.map(emergencyRecordKey)),
      );
      return read.ok ? ok(read.value.filter((json) => json !== null)) : read;
    },
  };
}
