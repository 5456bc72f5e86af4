/** Longest delay the platform's timers take; longer ones would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The machine's time and timers, shaped like the `Clock` port of call-control. */
export const systemClock = {
  /** Epoch milliseconds. */
  now(): number {
    return Date.now();
  },
  /** Runs `fire` once after `delayMs` (0 … about 24 days); returns a function that cancels it. */
  after(delayMs: number, fire: () => void): () => void {
    const timer = setTimeout(fire, Math.min(Math.max(delayMs, 0), LONGEST_DELAY_MS));
    return () => clearTimeout(timer);
  },
} as const;
