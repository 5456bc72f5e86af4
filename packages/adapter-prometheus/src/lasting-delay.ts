/**
 * The delay that lasted: the lower of the last two seconds' delays. One stall (code compiled for the first time, a full collection, a host that was busy
 * elsewhere) is over when it is noticed, and refusing calls for it helps nobody; overload is still there a second later.
 */
export class LastingDelay {
  #before = 0;
  #last = 0;

  /** Takes the delay of one more second, milliseconds. */
  add(ms: number): void {
    this.#before = this.#last;
    this.#last = ms;
  }

  get ms(): number {
    return Math.min(this.#before, this.#last);
  }
}
