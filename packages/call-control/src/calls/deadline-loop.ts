import type { CallStore, Clock } from "../ports/index.ts";
import type { Mail } from "./call-shell.ts";

const LOOK_MS = 1_000;
/** Calls taken at a time; with more due the next look follows at once. */
const BATCH = 64;
/** Nobody else looks at a claimed call meanwhile; long enough for a refresh with an answer. */
const LEASE_MS = 15_000;
/** How long a worker that goes leaves a due call to the others: several looks of theirs. */
const GIVE_WAY_MS = 5_000;

/** Looks every second for calls whose deadline has passed, of whatever worker, and tells them so. */
export class DeadlineLoop {
  readonly #store: CallStore;
  readonly #clock: Clock;
  readonly #post: (callId: string, mail: Mail) => void;
  #cancel: (() => void) | null = null;
  #running = false;
  /** How long past its deadline a call is before this loop takes it. */
  #overdueMs = 0;

  constructor(ports: { readonly store: CallStore; readonly clock: Clock }, post: (callId: string, mail: Mail) => void) {
    this.#store = ports.store;
    this.#clock = ports.clock;
    this.#post = post;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#lookAfter(LOOK_MS);
  }

  /** Leaves due calls to the other workers from now on; those that nobody takes it goes on to take. */
  giveWay(): void {
    this.#overdueMs = GIVE_WAY_MS;
  }

  /** What is just being claimed is due again when its lease ends. */
  stop(): void {
    this.#running = false;
    this.#cancel?.();
  }

  #lookAfter(delayMs: number): void {
    if (this.#running) this.#cancel = this.#clock.after(delayMs, () => void this.#look());
  }

  /** A bug in a look is a stray rejection, and the next one comes all the same. */
  async #look(): Promise<void> {
    let claimed = 0;
    try {
      claimed = await this.#claim();
    } finally {
      this.#lookAfter(claimed === BATCH ? 0 : LOOK_MS);
    }
  }

  /** How many calls were due and have been told. */
  async #claim(): Promise<number> {
    const overdueMs = this.#overdueMs;
    // The store counts the lease from the time it is given.
    const due = await this.#store.claimDue(this.#clock.now() - overdueMs, BATCH, overdueMs + LEASE_MS);
    if (!this.#running || !due.ok) return 0;
    for (const stored of due.value) {
      this.#post(stored.callId, { event: { kind: "deadline" }, stored, otherwise: () => undefined });
    }
    return due.value.length;
  }
}
