const WINDOW_MS = 100;
/** Frames in a window from which on a line is busy: some 70 calls per second. */
const BUSY_FRAMES = 50;

/** Whether a line carried so much in the last tenth of a second that waiting for more pays. */
export class LineLoad {
  #startMs = -Infinity;
  #count = 0;
  #before = 0;

  /** Counts a frame; true while the window before this one was busy. A clock that is set begins a new window. */
  note(nowMs: number): boolean {
    const ageMs = nowMs - this.#startMs;
    if (ageMs >= WINDOW_MS || ageMs < 0) {
      this.#before = ageMs < 2 * WINDOW_MS ? this.#count : 0;
      this.#startMs = nowMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#before >= BUSY_FRAMES;
  }
}
