import type { DetailRecordKind, DetailRecordStream, StreamedRecord } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { DEFAULT_SHARDS, shardKeys } from "./keys.ts";

/**
 * The detail records of all shards as one log with one reader, the leading controller. What is acknowledged is deleted, so the log holds exactly what
 * is still owed: `read` gives the oldest again and again until they are acknowledged, whoever asks, which is what a successor needs after a crash.
 * Consumer groups would add a second book of what was handed to whom, and with one reader it has nothing to say. Nothing is trimmed.
 * Records of one call keep their order; across shards the order is that of Redis's clocks.
 */
export function createDetailRecordStream(
  connection: RedisConnection,
  options: {
    readonly shards?: number;
    /** The emergency records instead of the ordinary ones. */
    readonly emergency?: boolean;
  } = {},
): DetailRecordStream {
  const streams = Array.from({ length: options.shards ?? DEFAULT_SHARDS }, (_, shard) => {
    const { details, emergencies } = shardKeys(shard);
    return options.emergency === true ? emergencies : details;
  });
  return {
    async read(limit) {
      const share = Math.ceil(limit / streams.length);
      const found = await Promise.all(
        streams.map((stream, shard) =>
          connection
            .run("read-details", (client) => client.xrange(stream, "-", "+", "COUNT", share))
            .then((entries) => (entries.ok ? ok(entries.value.map((entry) => readEntry(shard, entry))) : entries)),
        ),
      );
      return anyShard(found, limit);
    },

    async acknowledge(records) {
      const byStream = Map.groupBy(records, (record) => streams[record.shard] ?? "");
      const done = await Promise.all(
        [...byStream].map(([stream, owed]) =>
          connection.run("acknowledge-details", (client) =>
            client.xdel(stream, ...owed.map((record) => record.streamId)),
          ),
        ),
      );
      return done.find((one) => !one.ok) ?? ok(undefined);
    },

    async backlog() {
      const lengths = await Promise.all(
        streams.map((stream) => connection.run("count-details", (client) => client.xlen(stream))),
      );
      let sum = 0;
      for (const length of lengths) {
        if (!length.ok) return length;
        sum += length.value;
      }
      return ok(sum);
    },
  };
}

/** A shard whose Redis node is away must not hold up the others; only when all are away is it a failure. */
function anyShard(
  found: readonly Result<readonly StreamedRecord[], Failure>[],
  limit: number,
): Result<readonly StreamedRecord[], Failure> {
  const records: StreamedRecord[] = [];
  let failure: Result<never, Failure> | null = null;
  for (const shard of found) {
    if (shard.ok) records.push(...shard.value);
    else failure = shard;
  }
  if (failure !== null && found.every((shard) => !shard.ok)) return failure;
  return ok(records.sort((a, b) => compareStreamIds(a.streamId, b.streamId)).slice(0, limit));
}

/** `<epoch ms>-<sequence>`. */
function compareStreamIds(a: string, b: string): number {
  const [aMs = "", aSequence = ""] = a.split("-");
  const [bMs = "", bSequence = ""] = b.split("-");
  return Number(aMs) - Number(bMs) || Number(aSequence) - Number(bSequence);
}

const KINDS: readonly DetailRecordKind[] = ["call", "attempt", "emergency"];

/** The fields stand as the finish script appends them: id, kind, json. */
function readEntry(shard: number, [streamId, fields]: readonly [string, readonly string[]]): StreamedRecord {
  const [, id = "", , kind = "", , json = ""] = fields;
  return { shard, streamId, id, kind: KINDS.find((known) => known === kind) ?? "attempt", json };
}
