const SECOND_MS = 1_000;

/** How many calls come a second. */
export class CallRate {
  #second = 0;
  /** Calls of this second, and of the one before. */
  #calls = 0;
  #before = 0;

  /** A call came. Epoch milliseconds. */
  count(nowMs: number): void {
    this.#turnTo(nowMs);
    this.#calls += 1;
  }

  /** Calls of this second so far or of the one before, whichever is more. */
  at(nowMs: number): number {
    this.#turnTo(nowMs);
    return Math.max(this.#calls, this.#before);
  }

  #turnTo(nowMs: number): void {
    const second = Math.floor(nowMs / SECOND_MS);
    if (second === this.#second) return;
    this.#before = second === this.#second + 1 ? this.#calls : 0;
    this.#calls = 0;
    this.#second = second;
  }
}
