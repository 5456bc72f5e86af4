import type { Failure, Result } from "@tandem/domain";
import type { Clock, DetailRecordSink, DetailRecordStream, StreamedRecord, StreamPlaces } from "../ports/index.ts";
import { within } from "../timing/within.ts";

/** Longest a sink is waited for at a time. A write that takes longer goes on, and counts when it is done. */
export const SINK_LIMIT_MS = 5_000;

/** What a write came to; `late`: it is still under way. */
export type WriteOutcome = Result<void, Failure> | "late";

/** Records a sink was given. */
export interface Writing {
  readonly records: readonly StreamedRecord[];
  readonly outcome: Promise<Result<void, Failure>>;
}

/** How far one sink has come with a stream. It has one write under way at most. */
export class SinkProgress {
  readonly sink: DetailRecordSink;
  readonly #clock: Clock;
  #places: ReadonlyMap<number, string> = new Map();
  #writing: Writing | null = null;
  /** Taken by every sink, and still in the stream. */
  #owed: readonly StreamedRecord[] = [];

  constructor(sink: DetailRecordSink, clock: Clock) {
    this.sink = sink;
    this.#clock = clock;
  }

  /** Where it goes on reading. */
  get places(): StreamPlaces {
    return this.#places;
  }

  /** What it was given and has not taken yet; null: nothing. */
  get writing(): Writing | null {
    return this.#writing;
  }

  /** How many records every sink has that are still in the stream, or may be. */
  get owed(): number {
    return this.#owed.length;
  }

  /**
   * Whether it was given a record, as far as its place tells. One that came to stand before the place later, after a failover of Redis to a machine whose
   * clock is behind, counts as given to it: while the sinks are not all at the same place, this sink may miss that one.
   */
  has({ shard, streamId }: StreamedRecord): boolean {
    const place = this.#places.get(shard);
    return place !== undefined && isUpTo(streamId, place);
  }

  /** Gives it `told`, which is what it is to hear of `records`. */
  begin(records: readonly StreamedRecord[], told: readonly StreamedRecord[]): void {
    const outcome = this.sink.take(told);
    // Heard by whoever waits for it next.
    outcome.catch(() => undefined);
    this.#writing = { records, outcome };
  }

  /** Waits for what it was given, but not longer than the limit. Rejects as the sink does, which is a bug; the records are given to it again then. */
  async outcome({ outcome }: Writing): Promise<WriteOutcome> {
    let ended: WriteOutcome | null = null;
    try {
      ended = await within(this.#clock, SINK_LIMIT_MS, outcome, () => "late" as const);
    } finally {
      if (ended !== "late") this.#writing = null;
    }
    return ended;
  }

  moveBeyond(records: readonly StreamedRecord[]): void {
    this.#places = new Map([...this.#places, ...records.map(({ shard, streamId }) => [shard, streamId] as const)]);
  }

  /** From the beginning again: everything before was acknowledged. */
  restart(): void {
    this.#places = new Map();
  }

  /** Ends records that every sink has, and those that could not be ended before. Those of a shard that is away now remain owed. */
  async acknowledge(stream: DetailRecordStream, records: readonly StreamedRecord[]): Promise<void> {
    const byShard = Map.groupBy([...this.#owed, ...records], ({ shard }) => shard);
    const remaining = await Promise.all(
      [...byShard.values()].map(async (owed) => ((await stream.acknowledge(owed)).ok ? [] : owed)),
    );
    this.#owed = remaining.flat();
  }
}

/** Places are `<ms>-<number>`, in the order of the stream. */
function isUpTo(streamId: string, place: string): boolean {
  const [ms = 0, number = 0] = streamId.split("-").map(Number);
  const [placeMs = 0, placeNumber = 0] = place.split("-").map(Number);
  return ms < placeMs || (ms === placeMs && number <= placeNumber);
}
