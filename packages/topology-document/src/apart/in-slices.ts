import type { Steps } from "@tandem/domain";

/** Longest that a slice may take, milliseconds, the step under way not counted. */
const SLICE_MS = 8;

/** Runs a long computation while the process goes on with its other work. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const untilMs = performance.now() + SLICE_MS;
    while (performance.now() < untilMs) {
      const { done, value } = steps.next();
      if (done === true) return value;
    }
    await nextTurn();
  }
}

/** After whatever the process has to do now: messages, timers. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
