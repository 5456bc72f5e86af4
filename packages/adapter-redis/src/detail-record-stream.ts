import type { DetailRecordKind, DetailRecordStream, StreamedRecord } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";
import { DEFAULT_SHARDS, shardKeys } from "./keys.ts";
import { countAside, setAside, type StreamPair } from "./set-aside.ts";
import { fieldOf, type StreamEntry } from "./stream-entry.ts";

interface DetailRecordStreamOptions {
  readonly shards?: number;
  /** The emergency records instead of the ordinary ones. */
  readonly emergency?: boolean;
}

/**
 * The detail records of all shards as one log with one reader, the leading controller. What is acknowledged is deleted, so the log holds exactly what
 * is still owed: `read` without places gives the oldest again and again until they are acknowledged, whoever asks, which is what a successor needs after a
 * crash; a reader that gives its places gets what comes after them.
 * Consumer groups would add a second book of what was handed to whom, and with one reader it has nothing to say. Nothing is trimmed.
 * Records of one call keep their order; across shards the order is that of Redis's clocks.
 */
export function createDetailRecordStream(
  connection: RedisConnection,
  options: DetailRecordStreamOptions = {},
): DetailRecordStream {
  const streams = streamsOf(options);
  return {
    async read(limit, after) {
      const share = Math.ceil(limit / streams.length);
      const found = await Promise.all(
        streams.map(({ stream }, shard) =>
          connection
            .run("read-details", (client) => client.xrange(stream, beyond(after?.get(shard)), "+", "COUNT", share))
            .then((entries) => (entries.ok ? ok(entries.value.map((entry) => readEntry(shard, entry))) : entries)),
        ),
      );
      return anyShard(found, limit);
    },

    async acknowledge(records) {
      const byStream = Map.groupBy(records, (record) => streams[record.shard]?.stream ?? "");
      const done = await Promise.all(
        [...byStream].map(([stream, owed]) =>
          connection.run("acknowledge-details", (client) =>
            client.xdel(stream, ...owed.map((record) => record.streamId)),
          ),
        ),
      );
      return done.find((one) => !one.ok) ?? ok(undefined);
    },

    setAside: (records) => setRecordsAside(connection, streams, records),

    backlog: async () =>
      sumOf(
        await Promise.all(
          streams.map(({ stream }) => connection.run("count-details", (client) => client.xlen(stream))),
        ),
      ),

    aside: async () => sumOf(await Promise.all(streams.map((pair) => countAside(connection, pair)))),
  };
}

/** One pair of streams for each shard. */
function streamsOf({ shards = DEFAULT_SHARDS, emergency = false }: DetailRecordStreamOptions): readonly StreamPair[] {
  return Array.from({ length: shards }, (_, shard) => {
    const { details, detailsAside, emergencies, emergenciesAside } = shardKeys(shard);
    return emergency ? { stream: emergencies, aside: emergenciesAside } : { stream: details, aside: detailsAside };
  });
}

async function setRecordsAside(
  connection: RedisConnection,
  streams: readonly StreamPair[],
  records: readonly StreamedRecord[],
): Promise<Result<void, Failure>> {
  for (const [shard, pair] of streams.entries()) {
    const ids = records.filter((record) => record.shard === shard).map(({ streamId }) => streamId);
    const done = ids.length === 0 ? ok(undefined) : await setAside(connection, pair, ids);
    if (!done.ok) return done;
  }
  return ok(undefined);
}

function sumOf(lengths: readonly Result<number, Failure>[]): Result<number, Failure> {
  let sum = 0;
  for (const length of lengths) {
    if (!length.ok) return length;
    sum += length.value;
  }
  return ok(sum);
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

/** The beginning of a range (Redis 6.2). */
function beyond(place: string | undefined): string {
  return place === undefined ? "-" : `(${place}`;
}

const KINDS: readonly DetailRecordKind[] = ["call", "attempt", "emergency"];

function readEntry(shard: number, entry: StreamEntry): StreamedRecord {
  const kind = fieldOf(entry, "kind");
  return {
    shard,
    streamId: entry[0],
    id: fieldOf(entry, "id"),
    kind: KINDS.find((known) => known === kind) ?? "attempt",
    json: fieldOf(entry, "json"),
  };
}
