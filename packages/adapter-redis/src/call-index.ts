import type { Attendance, StoredCall } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import { parseRecord } from "./call-record.ts";
import type { RedisConnection } from "./connection.ts";
import type { ShardKeys } from "./keys.ts";
import { runScript } from "./scripts.ts";

interface ShardedAttendance extends Omit<Attendance, "mine"> {
  readonly mine: ReadonlyMap<ShardKeys, readonly string[]>;
}

interface Entry {
  readonly keys: ShardKeys;
  readonly callId: string;
}

/** The questions that span all shards: each shard answers for itself, in parallel, and the answers are put together here. */
export class CallIndex {
  readonly #connection: RedisConnection;
  readonly #shards: readonly ShardKeys[];
  /** Where the next claim starts, so that with a small limit no shard is always last. */
  #firstShard = 0;

  constructor(connection: RedisConnection, shards: readonly ShardKeys[]) {
    this.#connection = connection;
    this.#shards = shards;
  }

  /** A shard that does not answer holds up only its own calls; it is a failure when none answers. */
  async claimDue(nowMs: number, limit: number, leaseMs: number): Promise<Result<readonly StoredCall[], Failure>> {
    const claims = this.#shares(limit).map(({ keys, share }) =>
      this.#take("claim-due", keys, [keys.deadlines, nowMs, share, nowMs + leaseMs]),
    );
    const entries = takenOf(await Promise.all(claims));
    if (!entries.ok) return entries;
    const calls = await this.#loadAll(entries.value);
    await this.#repair(entries.value.filter((_, position) => isMissing(calls[position])));
    return ok(calls.flatMap((call) => (call.ok && call.value !== null ? [call.value] : [])));
  }

  /** A shard that does not answer holds up only its own callers. */
  async attend({ pool, forMs, limit, mine }: ShardedAttendance): Promise<Result<readonly StoredCall[], Failure>> {
    const asked = this.#shards.map((keys) =>
      this.#take("attend-callers", keys, [
        keys.attendedPrefix + pool,
        keys.callPrefix,
        forMs,
        limit,
        ...(mine.get(keys) ?? []),
      ]),
    );
    const left = takenOf(await Promise.all(asked));
    if (!left.ok) return left;
    const calls = await this.#loadAll(left.value);
    return ok(calls.flatMap((call) => (call.ok && call.value !== null ? [call.value] : [])));
  }

  /** Calls of one shard that a script gives. */
  async #take(
    script: "claim-due" | "attend-callers",
    keys: ShardKeys,
    keysAndArguments: readonly (string | number)[],
  ): Promise<Result<readonly Entry[], Failure>> {
    const taken = await this.#connection.run(script, (client) => runScript(client, script, keysAndArguments));
    return taken.ok ? ok((taken.value as string[]).map((callId) => ({ keys, callId }))) : taken;
  }

  #loadAll(entries: readonly Entry[]): Promise<readonly Result<StoredCall | null, Failure>[]> {
    return Promise.all(entries.map((entry) => this.#load(entry)));
  }

  async loads(): Promise<Result<ReadonlyMap<string, number>, Failure>> {
    const perShard = await collect(
      this.#shards.map((keys) => this.#connection.run("read-loads", (client) => client.hgetall(keys.loads))),
    );
    if (!perShard.ok) return perShard;
    const sums = new Map<string, number>();
    for (const shard of perShard.value) {
      for (const [trunk, count] of Object.entries(shard)) sums.set(trunk, (sums.get(trunk) ?? 0) + Number(count));
    }
    return ok(sums);
  }

  async list(limit: number): Promise<Result<readonly StoredCall[], Failure>> {
    if (limit < 1) return ok([]);
    const perShard = await collect(
      this.#shards.map(async (keys) => {
        const newest = await this.#connection.run("list-calls", (client) =>
          client.zrange(keys.live, 0, String(limit - 1), "REV", "WITHSCORES"),
        );
        return newest.ok ? ok(pairs(newest.value).map(([callId, score]) => ({ keys, callId, score }))) : newest;
      }),
    );
    if (!perShard.ok) return perShard;
    const newest = perShard.value.flat().sort((a, b) => b.score - a.score);
    const calls = await collect(newest.slice(0, limit).map((entry) => this.#load(entry)));
    return calls.ok ? ok(calls.value.filter((call) => call !== null)) : calls;
  }

  async count(): Promise<Result<number, Failure>> {
    const perShard = await collect(
      this.#shards.map((keys) => this.#connection.run("count-calls", (client) => client.zcard(keys.live))),
    );
    return perShard.ok ? ok(perShard.value.reduce((sum, count) => sum + count, 0)) : perShard;
  }

  async #load({ keys, callId }: Entry): Promise<Result<StoredCall | null, Failure>> {
    const text = await this.#connection.run("load-call", (client) => client.get(keys.callPrefix + callId));
    return text.ok ? ok(parseRecord(callId, text.value)) : text;
  }

  /** A due entry without a record: its loads were counted and nobody will uncount them. Best effort; the next claim meets what is left. */
  async #repair(orphans: readonly Entry[]): Promise<void> {
    const broken = new Set(orphans.map(({ keys }) => keys));
    await Promise.all(
      [...broken].map((keys) =>
        this.#connection.run("repair-shard", (client) =>
          runScript(client, "repair-shard", [keys.live, keys.deadlines, keys.loads, keys.callPrefix]),
        ),
      ),
    );
  }

  /** Splits `limit` over the shards; with fewer than one call per shard, over as many shards as there are calls. */
  #shares(limit: number): readonly { readonly keys: ShardKeys; readonly share: number }[] {
    const count = this.#shards.length;
    const start = this.#firstShard;
    this.#firstShard = (start + 1) % count;
    const each = Math.floor(limit / count);
    const rest = limit % count;
    const order = [...this.#shards.slice(start), ...this.#shards.slice(0, start)];
    return order
      .map((keys, position) => ({ keys, share: each + (position < rest ? 1 : 0) }))
      .filter(({ share }) => share > 0);
  }
}

/** What the shards gave that answered; a failure when none did. */
function takenOf(taken: readonly Result<readonly Entry[], Failure>[]): Result<readonly Entry[], Failure> {
  const failed = taken.find((one) => !one.ok);
  if (failed !== undefined && taken.every((one) => !one.ok)) return failed;
  return ok(taken.flatMap((one) => (one.ok ? one.value : [])));
}

function isMissing(call: Result<StoredCall | null, Failure> | undefined): boolean {
  return call !== undefined && call.ok && call.value === null;
}

/** All values, or the first failure. */
async function collect<T>(parts: readonly Promise<Result<T, Failure>>[]): Promise<Result<readonly T[], Failure>> {
  const values: T[] = [];
  for (const part of await Promise.all(parts)) {
    if (!part.ok) return part;
    values.push(part.value);
  }
  return ok(values);
}

function pairs(flat: readonly string[]): readonly (readonly [string, number])[] {
  const found: (readonly [string, number])[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) found.push([flat[index] ?? "", Number(flat[index + 1])]);
  return found;
}
