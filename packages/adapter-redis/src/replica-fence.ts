import type { RedisClient } from "./client-options.ts";
import type { RedisConnection } from "./connection.ts";
import { shardKeys } from "./keys.ts";

const ANY_SHARD = shardKeys(0).fence;

export interface ReplicaFenceOptions {
  /** Longest that a write is held for a replica (ms); 0: not at all. */
  readonly waitMs: number;
  /** Told when replicas stop confirming writes in time, and when they do so again. */
  readonly onChange?: (confirmed: boolean) => void;
}

/**
 * Holds a write back until a replica has it, for a bounded moment. Redis replicates asynchronously: without this, what a primary acknowledged right before
 * its death may be unknown to its successor. WAIT holds up everything behind it on its connection, so it has one of its own, where one round
 * (a write of its own and WAIT) answers for all writes acknowledged before it began. After a round without a replica nobody is held until one
 * confirms again: a replica that hangs, or that does not exist, costs the wait once (on a Cluster once for each shard).
 */
export class ReplicaFence {
  readonly #connection: RedisConnection;
  readonly #options: ReplicaFenceOptions;
  readonly #lanes = new Map<string, FenceLane>();
  #client: RedisClient | null = null;
  #confirmed = true;

  constructor(connection: RedisConnection, options: ReplicaFenceOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /**
   * Resolves once a replica has what was acknowledged so far in the slot of `key`, or after the wait.
   * @param key The shard's fence.
   */
  async passed(key: string): Promise<void> {
    const { waitMs } = this.#options;
    if (waitMs === 0) return;
    // Outside of a Cluster all shards have the same replicas.
    const lane = this.#laneOf(this.#connection.kind === "cluster" ? key : ANY_SHARD);
    const held = lane.confirmed;
    const round = lane.join();
    if (!held || (await inTime(round, waitMs))) return;
    // The round's own end may follow in a moment; whoever comes until then need not wait for it.
    lane.confirmed = false;
  }

  #laneOf(key: string): FenceLane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new FenceLane(() => this.#round(key));
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  async #round(key: string): Promise<boolean> {
    this.#client ??= this.#connection.dedicated("replication");
    const { waitMs, onChange } = this.#options;
    // On one connection: WAIT asks for the writes of its own.
    const replies = await this.#client
      .pipeline()
      .set(key, "")
      .wait(1, waitMs)
      .exec()
      .catch(() => null);
    const [failure, replicas] = replies?.[1] ?? [null, 0];
    const confirmed = failure === null && Number(replicas) > 0;
    if (confirmed !== this.#confirmed) onChange?.(confirmed);
    this.#confirmed = confirmed;
    return confirmed;
  }
}

/** The rounds of one slot, one at a time. */
class FenceLane {
  readonly #round: () => Promise<boolean>;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  /** The last round had a replica's word. */
  confirmed = true;

  constructor(round: () => Promise<boolean>) {
    this.#round = round;
  }

  /** The end of a round that begins now or later. */
  join(): Promise<void> {
    if (this.#running === null) return this.#begin();
    // The one under way may have begun before the write.
    this.#next ??= this.#running.then(() => this.#begin());
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#next = null;
    const settled = this.#round().catch(() => false);
    const running = settled.then((confirmed) => {
      this.confirmed = confirmed;
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }
}

async function inTime(round: Promise<void>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, limitMs, false);
  });
  const first = await Promise.race([round.then(() => true), late]);
  clearTimeout(timer);
  return first;
}
