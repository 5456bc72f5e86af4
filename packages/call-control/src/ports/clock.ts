/** Time and timers, injected so that tests own them. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Runs `fire` once after `delayMs`; returns a function that cancels it. */
  after(delayMs: number, fire: () => void): () => void;
}
