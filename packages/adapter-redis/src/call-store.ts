import type { Attendance, CallPresence, CallStore, CallWrite, DetailRecord, StoredCall } from "@tandem/call-control";
import { err, ok, type Failure, type Result } from "@tandem/domain";
import { formatRecord, joinTrunks, parseLastByes, parseRecord } from "./call-record.ts";
import { CallIndex } from "./call-index.ts";
import type { RedisConnection } from "./connection.ts";
import { ReplicaFence } from "./replica-fence.ts";
import { DEFAULT_SHARDS, shardKeys, shardOf, type ShardKeys } from "./keys.ts";
import { runScript } from "./scripts.ts";

export interface RedisCallStoreOptions {
  /** Shards of the calls; the same in every process. Default 8. */
  readonly shards?: number;
  /** How long past its deadline a record that nobody looked at is kept (ms). Default 24 h: a net below the sweep, not a timer. */
  readonly recordMarginMs?: number;
  /** How long a call id that is over is remembered, so that a late duplicate of its INVITE starts nothing (ms). Default 64 s, twice timer B. */
  readonly finishedMemoryMs?: number;
  /** Longest that a write which needs a copy is held for a replica (ms); 0, the default: not at all. */
  readonly replicaWaitMs?: number;
  /** Told when replicas stop confirming such writes in time, and when they do so again. */
  readonly onReplication?: (confirmed: boolean) => void;
  /** Epoch milliseconds; default the system's clock. Used for lifetimes and the order of `list`. */
  readonly now?: () => number;
}

/** What the store offers beyond the calls' port, for the controller's sweeps. */
export interface RedisCallStore extends CallStore, CallPresence {}

const DAY_MS = 86_400_000;
const FINISHED_MEMORY_MS = 64_000;

/** Calls in Redis, sharded by call id. Every method is one round trip but `claimDue`, `list` and the sums over shards, which take two at most. */
export function createRedisCallStore(connection: RedisConnection, options: RedisCallStoreOptions = {}): RedisCallStore {
  const shards = Array.from({ length: options.shards ?? DEFAULT_SHARDS }, (_, shard) => shardKeys(shard));
  const index = new CallIndex(connection, shards);
  const { replicaWaitMs: waitMs = 0, onReplication } = options;
  const fence = new ReplicaFence(connection, { waitMs, ...(onReplication && { onChange: onReplication }) });
  return new ShardedCallStore({ connection, shards, index, fence }, options);
}

interface StoreParts {
  readonly connection: RedisConnection;
  readonly shards: readonly ShardKeys[];
  readonly index: CallIndex;
  readonly fence: ReplicaFence;
}

class ShardedCallStore implements RedisCallStore {
  readonly #connection: RedisConnection;
  readonly #shards: readonly ShardKeys[];
  readonly #index: CallIndex;
  readonly #fence: ReplicaFence;
  readonly #marginMs: number;
  readonly #memoryMs: number;
  readonly #now: () => number;

  constructor(parts: StoreParts, options: RedisCallStoreOptions) {
    this.#connection = parts.connection;
    this.#shards = parts.shards;
    this.#index = parts.index;
    this.#fence = parts.fence;
    this.#marginMs = options.recordMarginMs ?? DAY_MS;
    this.#memoryMs = options.finishedMemoryMs ?? FINISHED_MEMORY_MS;
    this.#now = options.now ?? Date.now;
  }

  isAway(callId: string): boolean {
    return this.#connection.isAway(this.#keysOf(callId).fence);
  }

  async load(callId: string): Promise<Result<StoredCall | null, Failure>> {
    const text = await this.#read(callId);
    return text.ok ? ok(parseRecord(callId, text.value)) : text;
  }

  async lastByes(callId: string): Promise<Result<string, Failure>> {
    const text = await this.#read(callId);
    return text.ok ? ok(parseLastByes(text.value)) : text;
  }

  async create(call: CallWrite): Promise<Result<"created" | "exists", Failure>> {
    const keys = this.#keysOf(call.callId);
    const nowMs = this.#now();
    const record = formatRecord(1, joinTrunks(call.trunks), call.document);
    const reply = await this.#connection.run("create-call", (client) =>
      runScript(client, "create-call", [
        keys.callPrefix + call.callId,
        keys.deadlines,
        keys.loads,
        keys.live,
        attendedKey(keys, call),
        call.callId,
        record,
        call.deadlineMs,
        this.#lifeMs(call.deadlineMs, nowMs),
        nowMs,
        call.attendedMs ?? 0,
        ...call.trunks,
      ]),
    );
    await this.#copied(call, reply);
    return outcome(reply, { 1: "created", 0: "exists" });
  }

  async save(call: CallWrite, expected: number): ReturnType<CallStore["save"]> {
    const keys = this.#keysOf(call.callId);
    const trunks = joinTrunks(call.trunks);
    const record = formatRecord(expected + 1, trunks, call.document);
    const reply = await this.#connection.run("save-call", (client) =>
      runScript(client, "save-call", [
        keys.callPrefix + call.callId,
        keys.deadlines,
        keys.loads,
        attendedKey(keys, call),
        call.callId,
        expected,
        record,
        call.deadlineMs,
        this.#lifeMs(call.deadlineMs, this.#now()),
        trunks,
        call.attendedMs ?? 0,
      ]),
    );
    await this.#copied(call, reply);
    return outcome(reply, { 1: "saved", 0: "conflict", [-1]: "gone", [-2]: "unknown" });
  }

  async finish(
    call: CallWrite,
    expected: number,
    records: readonly DetailRecord[],
  ): Promise<Result<"finished" | "conflict" | "gone", Failure>> {
    const keys = this.#keysOf(call.callId);
    const reply = await this.#connection.run("finish-call", (client) =>
      runScript(client, "finish-call", [
        keys.callPrefix + call.callId,
        keys.deadlines,
        keys.loads,
        keys.live,
        keys.details,
        keys.emergencies,
        attendedKey(keys, call),
        call.callId,
        expected,
        this.#memoryMs,
        call.lastByes ?? "",
        ...records.flatMap((record) => [record.id, record.kind, record.json]),
      ]),
    );
    await this.#copied(call, reply);
    return outcome(reply, { 1: "finished", 0: "conflict", [-1]: "gone" });
  }

  claimDue(nowMs: number, limit: number, leaseMs: number): Promise<Result<readonly StoredCall[], Failure>> {
    return this.#index.claimDue(nowMs, limit, leaseMs);
  }

  attend(attendance: Attendance): Promise<Result<readonly StoredCall[], Failure>> {
    const mine = Map.groupBy(attendance.mine, (callId) => this.#keysOf(callId));
    return this.#index.attend({ ...attendance, mine });
  }

  loads(): Promise<Result<ReadonlyMap<string, number>, Failure>> {
    return this.#index.loads();
  }

  list(limit: number): Promise<Result<readonly StoredCall[], Failure>> {
    return this.#index.list(limit);
  }

  count(): Promise<Result<number, Failure>> {
    return this.#index.count();
  }

  async existing(callIds: readonly string[]): Promise<Result<ReadonlySet<string>, Failure>> {
    const found = await Promise.all(callIds.map((callId) => this.load(callId)));
    const live = new Set<string>();
    for (const call of found) {
      if (!call.ok) return call;
      if (call.value !== null) live.add(call.value.callId);
    }
    return ok(live);
  }

  #read(callId: string): Promise<Result<string | null, Failure>> {
    const key = this.#keysOf(callId).callPrefix + callId;
    return this.#connection.run("load-call", (client) => client.get(key));
  }

  /** Waits for a copy of what was written, where it is wanted. */
  async #copied({ callId, needsCopy }: CallWrite, reply: Result<unknown, Failure>): Promise<void> {
    if (needsCopy === true && reply.ok && reply.value === 1) await this.#fence.passed(this.#keysOf(callId).fence);
  }

  #keysOf(callId: string): ShardKeys {
    const keys = this.#shards[shardOf(callId, this.#shards.length)];
    if (keys === undefined) throw new RangeError("a call store without shards");
    return keys;
  }

  /** Relative, so that a difference between this clock and Redis's does not shorten it. */
  #lifeMs(deadlineMs: number, nowMs: number): number {
    return Math.max(0, Math.ceil(deadlineMs - nowMs)) + this.#marginMs;
  }
}

function attendedKey({ attendedPrefix }: ShardKeys, { pool = "" }: CallWrite): string {
  return attendedPrefix + pool;
}

function outcome<T extends string>(
  reply: Result<unknown, Failure>,
  names: Readonly<Record<number, T>>,
): Result<T, Failure> {
  if (!reply.ok) return reply;
  const name = names[Number(reply.value)];
  if (name === undefined) return err({ code: "store-unavailable", detail: "a script gave an unknown reply" });
  return ok(name);
}
