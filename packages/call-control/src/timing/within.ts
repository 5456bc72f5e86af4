import type { Clock } from "../ports/index.ts";

/**
 * What `work` gives, or what `late` says when it takes longer than `limitMs` by the clock; the work itself goes on unheard. Rejects as the work does.
 */
export async function within<Given, Late>(
  clock: Clock,
  limitMs: number,
  work: Promise<Given>,
  late: () => Late,
): Promise<Given | Late> {
  let stopWaiting = (): void => undefined;
  const limit = new Promise<Late>((resolve) => {
    stopWaiting = clock.after(limitMs, () => resolve(late()));
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    stopWaiting();
  }
}
