/** Looks in a row that must agree: a stall (a collection, a host that was busy elsewhere) is over when it is noticed, a queue that stands is there at the next look, too. */
const LOOKS = 3;
/** Longer than any queue: a probe that nothing was heard of for so long, milliseconds, will not come back, and nothing is known. */
const LOST_MS = 20_000;

interface Probe {
  readonly ticket: string;
  readonly sentMs: number;
}

/**
 * How long what comes now waits until it is read: probes are put at the end of a queue, first in, first out, and looked for at its head. The wait counts as soon as it stood for some
 * looks. Times are of any clock that does not jump, milliseconds.
 */
export class StandingWait {
  /** Sent and not back, oldest first. */
  #under: Probe[] = [];
  /** What the last one took that came back; null: none did. */
  #last: number | null = null;
  /** The least that one took: the way itself, without a queue. */
  #least = Infinity;
  #looks: readonly number[] = [];

  /** The least wait of the last looks, milliseconds, without what the way took at its best; 0 while nothing is known. */
  get ms(): number {
    return this.#looks.length < LOOKS ? 0 : Math.max(0, Math.min(...this.#looks) - this.#least);
  }

  /** Looks at what is known, and notes that a probe goes off now; call it periodically. */
  look(ticket: string, nowMs: number): void {
    const oldest = this.#under[0];
    if (oldest !== undefined && nowMs - oldest.sentMs > LOST_MS) this.#forget();
    if (this.#last !== null) {
      const wait = Math.max(this.#last, oldest === undefined ? 0 : nowMs - oldest.sentMs);
      this.#looks = [...this.#looks.slice(1 - LOOKS), wait];
    }
    this.#under.push({ ticket, sentMs: nowMs });
  }

  /** A probe came to the head; those before it were lost. One that is not known says nothing. */
  returned(ticket: string, nowMs: number): void {
    const index = this.#under.findIndex((probe) => probe.ticket === ticket);
    const probe = this.#under[index];
    if (probe === undefined) return;
    this.#last = nowMs - probe.sentMs;
    this.#least = Math.min(this.#least, this.#last);
    this.#under = this.#under.slice(index + 1);
  }

  #forget(): void {
    this.#under = [];
    this.#last = null;
    this.#looks = [];
  }
}
