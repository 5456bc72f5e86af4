import type { Clock } from "../ports/index.ts";

/** How long is waited for somebody: not at all when he is known to be away. */
export interface Bounds {
  readonly clock: Clock;
  readonly limitMs: number;
  readonly isAway: boolean;
}

/** As `within`, of something that may be known to be away: then nothing is waited for, and what was asked goes on unheard all the same. */
export function unlessAway<Given, Late>(
  { clock, limitMs, isAway }: Bounds,
  work: Promise<Given>,
  late: () => Late,
): Promise<Given | Late> {
  if (!isAway) return within(clock, limitMs, work, late);
  work.catch(() => undefined);
  return Promise.resolve(late());
}

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
