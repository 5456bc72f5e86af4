import { lastByes, type Call, type Failure } from "@tandem/domain";
import type { CallStore, Clock, DetailRecordSpool, Telemetry, UnfinishedCall } from "../ports/index.ts";
import { placeOfWrite } from "./call-write.ts";
import { recordsOf } from "./detail-records.ts";

const RETRY_MS = 1_000;
/** Tries in memory before an entry goes to disk. */
const TRIES_IN_MEMORY = 5;
/** Entries in memory before further ones go to disk at once. */
const MOST_IN_MEMORY = 1_000;
/** Entries taken from the disk at a time. */
const SPOOL_BATCH = 50;

interface Waiting {
  readonly entry: UnfinishedCall;
  tries: number;
}

export interface FinishPorts {
  readonly store: CallStore;
  readonly spool: DetailRecordSpool;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** The finish of `call`, whose record has `version` (0: never stored). */
export function finishOf(call: Call, version: number, nowMs: number): UnfinishedCall {
  const records = recordsOf(call, nowMs);
  // A finish removes the record: its text would be made for nobody.
  return { call: { ...placeOfWrite(call), document: "", lastByes: lastByes(call) }, version, records };
}

/**
 * Brings finished calls to the store, each exactly once: at once when it answers; else from memory, a bounded number of times; then from disk, for as
 * long as it takes. A finish whose reply was lost and is repeated finds the call gone.
 */
export class FinishedCalls {
  readonly #ports: FinishPorts;
  readonly #waiting: Waiting[] = [];
  #timer: (() => void) | null = null;
  #spooled = true;
  #working = false;

  constructor(ports: FinishPorts) {
    this.#ports = ports;
  }

  /** Entries not yet in the store, but for those on disk. */
  get pending(): number {
    return this.#waiting.length;
  }

  /** Looks for what an earlier process left on disk. */
  start(): void {
    this.#wakeLater();
  }

  /** Finishes a call; resolves once the store has it or the entry is in safe keeping. */
  async finish(entry: UnfinishedCall): Promise<void> {
    if (await this.#deliver(entry)) return;
    if (this.#waiting.length >= MOST_IN_MEMORY) return this.#toDisk(entry);
    this.#waiting.push({ entry, tries: 1 });
    this.#wakeLater();
  }

  /** Puts what is still in memory on disk; for the end of the process. */
  async stop(): Promise<void> {
    this.#timer?.();
    this.#timer = null;
    for (const { entry } of this.#waiting.splice(0)) if (!(await this.#deliver(entry))) await this.#toDisk(entry);
  }

  #wakeLater(): void {
    this.#timer ??= this.#ports.clock.after(RETRY_MS, () => {
      this.#timer = null;
      void this.#work();
    });
  }

  /** A bug in it is a stray rejection; what waits is tried again all the same. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    try {
      await this.#workMemory();
      if (this.#spooled && this.#waiting.length === 0) await this.#workDisk();
    } finally {
      this.#working = false;
      if (this.#spooled || this.#waiting.length > 0) this.#wakeLater();
    }
  }

  async #workMemory(): Promise<void> {
    for (const waiting of this.#waiting.splice(0)) {
      if (await this.#deliver(waiting.entry)) continue;
      waiting.tries += 1;
      if (waiting.tries > TRIES_IN_MEMORY) await this.#toDisk(waiting.entry);
      else this.#waiting.push(waiting);
    }
  }

  async #workDisk(): Promise<void> {
    const found = await this.#ports.spool.peek(SPOOL_BATCH);
    if (!found.ok) return this.#spoolUnreadable(found.error);
    for (const entry of found.value) {
      if (!(await this.#deliver(entry))) return;
      await this.#ports.spool.remove(entry);
    }
    this.#spooled = found.value.length === SPOOL_BATCH;
  }

  #spoolUnreadable({ code, detail }: Failure): void {
    this.#ports.telemetry.log("error", "detail record spool cannot be read", { failure: code, detail });
  }

  async #toDisk(entry: UnfinishedCall): Promise<void> {
    this.#spooled = true;
    this.#wakeLater();
    const kept = await this.#ports.spool.put(entry);
    if (kept.ok) return;
    this.#ports.telemetry.log("error", "detail records lost", {
      callId: entry.call.callId,
      records: entry.records.length,
      failure: kept.error.code,
      detail: kept.error.detail,
    });
  }

  /** True when the store has the records. */
  async #deliver(entry: UnfinishedCall): Promise<boolean> {
    const { store } = this.#ports;
    const first = await store.finish(entry.call, entry.version, entry.records);
    if (!first.ok) return false;
    switch (first.value) {
      case "finished":
        return true;
      case "conflict":
        return this.#deliverNewer(entry);
      case "gone":
        // Over by another worker, or lost by the store: as a call that was never stored it is appended unless the id is remembered.
        return entry.version === 0 || (await store.finish(entry.call, 0, entry.records)).ok;
    }
  }

  /** Somebody saved meanwhile. The call is over all the same: its last word is ours. But for a set-up of which nothing was heard here: who has it now brings it to its end and records it. */
  async #deliverNewer(entry: UnfinishedCall): Promise<boolean> {
    const { store } = this.#ports;
    const stored = await store.load(entry.call.callId);
    if (!stored.ok) return false;
    if (stored.value === null || isOfAnother(entry, stored.value.document)) return true;
    const again = await store.finish(entry.call, stored.value.version, entry.records);
    return again.ok && again.value !== "conflict";
  }
}

function isOfAnother({ unheard }: UnfinishedCall, document: string): boolean {
  return unheard !== undefined && unheard.ownWrite !== document;
}
