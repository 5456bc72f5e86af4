import type { Clock } from "../ports/index.ts";

/** A store that fails over is back in seconds: what is worth a wait waits so long for it, and no longer (ms). The peer waits 32 s (RFC 3261 §17.1.2.2). */
export const STORE_PATIENCE_MS = 6_000;

const ASK_AGAIN_MS = 100;

/** Asks until the store is there to answer, or `STORE_PATIENCE_MS` are over; gives the last answer. */
export async function patiently<T>(clock: Clock, ask: () => Promise<T>, isAway: (answer: T) => boolean): Promise<T> {
  const untilMs = clock.now() + STORE_PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (!isAway(answer) || clock.now() >= untilMs) return answer;
    await new Promise<void>((resolve) => void clock.after(ASK_AGAIN_MS, resolve));
  }
}
