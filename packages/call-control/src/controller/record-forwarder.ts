import type { Clock, DetailRecordSink, DetailRecordStream, StreamedRecord } from "../ports/index.ts";
import type { RoundEnd } from "../timing/repeat.ts";
import type { ControllerObserver } from "./controller-observer.ts";
import { SinkProgress, type WriteOutcome } from "./sink-progress.ts";
import { setUnreadableAside } from "./unreadable-entries.ts";

/** So many batches may be taken by all and not be acknowledged: that is what the sinks get again after a change of leader. */
const MOST_OWED_BATCHES = 5;

/** A stream of records, and the sinks they go to. */
export interface ForwardedRecords {
  readonly stream: DetailRecordStream;
  readonly sinks: readonly DetailRecordSink[];
  readonly what: "detail records" | "emergency records";
  readonly batch: number;
  readonly isReadable: (record: StreamedRecord) => boolean;
  /** What a sink is told of records; null: it cannot be found out now. */
  readonly complete: (records: readonly StreamedRecord[]) => Promise<readonly StreamedRecord[] | null>;
  readonly count: (sink: string, result: "delivered" | "retried" | "failed", records: number) => void;
  readonly observer: Pick<ControllerObserver, "log">;
  readonly clock: Clock;
}

/**
 * Moves records from their stream to the sinks, to each in order and at its own pace: one that refuses them, or does not answer, holds up no other. A record
 * is acknowledged when every sink has it. How far each is nobody knows but this leader, so that a sink may get a record twice, with the same id, after a
 * failure or a change of leader. What is no record is set aside.
 */
export class RecordForwarder {
  readonly #records: ForwardedRecords;
  readonly #mayDeliver: () => boolean;
  readonly #sinks: readonly SinkProgress[];
  readonly #failing = new Set<SinkProgress>();
  /** One reads at a time, so that what is set aside is told once. */
  #reading: Promise<unknown> = Promise.resolve();

  /** `mayDeliver`: false once another leader may have begun; what was read before is left to it. */
  constructor(records: ForwardedRecords, mayDeliver: () => boolean) {
    this.#records = records;
    this.#mayDeliver = mayDeliver;
    this.#sinks = records.sinks.map((sink) => new SinkProgress(sink, records.clock));
  }

  /** The work of each sink, to be repeated beside that of the others. Each round is bounded in time. */
  get rounds(): readonly (() => Promise<RoundEnd>)[] {
    return this.#sinks.map((progress) => () => this.#round(progress));
  }

  async #round(progress: SinkProgress): Promise<RoundEnd> {
    const { stream, count, batch } = this.#records;
    await progress.acknowledge(stream, []);
    if (progress.owed > MOST_OWED_BATCHES * batch) return "rest";
    const end = progress.writing === null ? await this.#begin(progress) : "rest";
    const { writing } = progress;
    if (writing === null) return end;
    const { records } = writing;
    const outcome = await progress.outcome(writing);
    this.#note(progress, outcome, records.length);
    if (outcome === "late" || !outcome.ok) return "rest";
    progress.moveBeyond(records);
    count(progress.sink.name, "delivered", records.length);
    // Whoever is the last to have a record ends it.
    const everywhere = records.filter((record) => this.#sinks.every((each) => each.has(record)));
    await progress.acknowledge(stream, everywhere);
    this.#meet();
    return "again";
  }

  /** Gives a sink what comes next; nothing is begun where there is nothing or it may not be given now, and the round is over. */
  async #begin(progress: SinkProgress): Promise<RoundEnd> {
    const turn = this.#reading.then(() => this.#read(progress));
    this.#reading = turn.catch(() => undefined);
    const read = await turn;
    if (read.records.length === 0) {
      this.#meet();
      return read.isCleared ? "again" : "rest";
    }
    const told = await this.#records.complete(read.records);
    if (told !== null && this.#mayDeliver()) progress.begin(read.records, told);
    return "rest";
  }

  async #read({
    places,
  }: SinkProgress): Promise<{ readonly records: readonly StreamedRecord[]; readonly isCleared: boolean }> {
    const { stream, batch, isReadable, what, observer, count } = this.#records;
    const read = await stream.read(batch, places);
    if (!read.ok) return { records: [], isCleared: false };
    const unreadable = read.value.filter((record) => !isReadable(record));
    const isCleared = await setUnreadableAside(unreadable, { stream, observer, what });
    if (isCleared) count("aside", "failed", unreadable.length);
    return { records: read.value.filter(isReadable), isCleared };
  }

  /**
   * Sinks that have all the same begin anew at the head of the stream, where nothing is left of it. A record may have come to stand before the place of
   * one that is gone: after a failover of Redis, by the clock of another machine.
   */
  #meet(): void {
    const [first, ...others] = this.#sinks;
    if (first === undefined || !this.#sinks.every(({ owed }) => owed === 0)) return;
    const isMet = others.every(
      ({ places }) =>
        places.size === first.places.size && [...places].every(([shard, place]) => first.places.get(shard) === place),
    );
    if (isMet) for (const progress of this.#sinks) progress.restart();
  }

  /** One line when a sink begins to fail or to hang, and one when it works again, not one per round. */
  #note(progress: SinkProgress, outcome: WriteOutcome, records: number): void {
    const { observer, what, count } = this.#records;
    const { name } = progress.sink;
    const wasFailing = this.#failing.has(progress);
    if (outcome !== "late" && outcome.ok) {
      if (this.#failing.delete(progress)) observer.log("info", `${what} flow again`, { sink: name });
      return;
    }
    if (outcome !== "late" || !wasFailing) count(name, "retried", records);
    if (wasFailing) return;
    this.#failing.add(progress);
    const detail = outcome === "late" ? "no answer in time" : outcome.error.detail;
    observer.log("error", `${what} are not taken`, { sink: name, detail });
  }
}
