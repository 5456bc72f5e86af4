import type { Clock } from "../timers/clock.ts";

/** What a look-up gave, and how long that may be believed. */
export interface Answer<Record> {
  readonly records: readonly Record[];
  /** Seconds; 0 is not kept. */
  readonly ttlS: number;
}

export interface RecordCacheOptions {
  /** Most names kept; the oldest goes first. */
  readonly names: number;
  /** How long an answer past its time still serves while DNS cannot be asked, milliseconds. */
  readonly staleMs: number;
}

interface Kept<Record> {
  readonly records: readonly Record[];
  readonly freshUntil: number;
  readonly usableUntil: number;
}

/**
 * Answers of one record type by name. One question per name is under way at a time. When DNS cannot be asked, the last answer serves
 * on for a while (RFC 8767): a call must not fail because a resolver is restarted.
 */
export class RecordCache<Record> {
  private readonly ask: (name: string) => Promise<Answer<Record>>;
  private readonly clock: Clock;
  private readonly options: RecordCacheOptions;
  private readonly kept = new Map<string, Kept<Record>>();
  private readonly asking = new Map<string, Promise<readonly Record[]>>();

  constructor(ask: (name: string) => Promise<Answer<Record>>, clock: Clock, options: RecordCacheOptions) {
    this.ask = ask;
    this.clock = clock;
    this.options = options;
  }

  /** The records of a name, from memory while fresh. Rejects as the question does when nothing usable is kept. */
  get(name: string): Promise<readonly Record[]> {
    const key = name.toLowerCase();
    const known = this.kept.get(key);
    if (known !== undefined && this.clock.monotonic() < known.freshUntil) return Promise.resolve(known.records);
    const running = this.asking.get(key);
    if (running !== undefined) return running;
    const question = this.refresh(key).finally(() => this.asking.delete(key));
    this.asking.set(key, question);
    return question;
  }

  private async refresh(key: string): Promise<readonly Record[]> {
    try {
      const answer = await this.ask(key);
      if (answer.ttlS > 0) this.keep(key, answer);
      return answer.records;
    } catch (error) {
      const known = this.kept.get(key);
      if (known === undefined || this.clock.monotonic() >= known.usableUntil) throw error;
      return known.records;
    }
  }

  private keep(key: string, answer: Answer<Record>): void {
    const freshUntil = this.clock.monotonic() + answer.ttlS * 1_000;
    this.kept.delete(key);
    this.kept.set(key, { records: answer.records, freshUntil, usableUntil: freshUntil + this.options.staleMs });
    const oldest = this.kept.keys().next();
    if (this.kept.size > this.options.names && oldest.done !== true) this.kept.delete(oldest.value);
  }
}
