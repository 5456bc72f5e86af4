const FRAME_MS = 20;
/** Frames that are made up for after a pause of this process; more would come in a heap that nobody plays. */
const MOST_BEHIND = 5;

/** Calls `tick` every 20 ms, also where timers come late. */
export class FramePacer {
  readonly #tick: () => void;
  readonly #onLate: (frames: number) => void;
  #timer: NodeJS.Timeout | null = null;
  #dueMs = 0;

  /** `onLate`: so many frames were left out. */
  constructor(tick: () => void, onLate: (frames: number) => void) {
    this.#tick = tick;
    this.#onLate = onLate;
  }

  start(): void {
    if (this.#timer !== null) return;
    this.#dueMs = performance.now() + FRAME_MS;
    this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
  }

  #wait(): void {
    this.#timer = setTimeout(() => this.#run(), Math.max(0, this.#dueMs - performance.now()));
  }

  #run(): void {
    const behind = Math.floor((performance.now() - this.#dueMs) / FRAME_MS);
    const left = Math.max(0, behind - MOST_BEHIND);
    if (left > 0) this.#onLate(left);
    this.#dueMs += left * FRAME_MS;
    // No more than that in one go: where frames take longer than they last, packets and commands must still be read.
    for (let most = MOST_BEHIND + 1; most > 0 && this.#timer !== null && this.#dueMs <= performance.now(); most -= 1) {
      this.#dueMs += FRAME_MS;
      this.#tick();
    }
    if (this.#timer !== null) this.#wait();
  }
}
