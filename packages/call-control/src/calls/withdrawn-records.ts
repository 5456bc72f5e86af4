import type { CallStore, CallWrite, Clock } from "../ports/index.ts";

const RETRY_MS = 1_000;
/** Beyond that the oldest are left to their deadline and the sweep. */
const MOST_WAITING = 1_000;

/**
 * Takes back the first records of calls that were refused because no reply came to them: a store that hung takes what it was sent when it wakes, and nobody serves
 * such a call. Its id counts as over from then on, so that a write which comes later still makes no record. A call that was never served has no detail records.
 */
export class WithdrawnRecords {
  readonly #store: CallStore;
  readonly #clock: Clock;
  #waiting: CallWrite[] = [];
  #stopped = false;
  #cancel: (() => void) | null = null;

  constructor({ store, clock }: { readonly store: CallStore; readonly clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  /** `write`: as the store was asked to create it. Tried until the store answers, or this process ends. */
  withdraw(write: CallWrite): void {
    if (this.#waiting.length >= MOST_WAITING) this.#waiting.shift();
    this.#waiting.push(write);
    this.#tryLater();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #tryLater(): void {
    if (this.#stopped) return;
    this.#cancel ??= this.#clock.after(RETRY_MS, () => {
      this.#cancel = null;
      void this.#tryAll();
    });
  }

  /** A bug in it is a stray rejection; what waits is tried again all the same. */
  async #tryAll(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        if (await this.#isWithdrawn(next)) continue;
        waiting.unshift(next);
        break;
      }
    } finally {
      this.#waiting.unshift(...waiting);
      if (this.#waiting.length > 0) this.#tryLater();
    }
  }

  async #isWithdrawn(write: CallWrite): Promise<boolean> {
    const { callId, document } = write;
    const unknown = await this.#store.finish(write, 0, []);
    if (!unknown.ok) return false;
    if (unknown.value !== "conflict") return true;
    const stored = await this.#store.load(callId);
    if (!stored.ok) return false;
    // Another worker goes on with it, from this record or from its own.
    if (stored.value === null || stored.value.document !== document) return true;
    return (await this.#store.finish(write, stored.value.version, [])).ok;
  }
}
