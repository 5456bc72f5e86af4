import type { Clock } from "../ports/index.ts";

/** What a round of work leaves: `again` at once because there is more, or `rest` until the next round. */
export type RoundEnd = "again" | "rest";

/**
 * Runs `round` at once and then `everyMs` after each end, never twice at the same time. The returned function ends it and resolves when the round under
 * way is over. A round that rejects is a bug and a stray rejection; the next one comes all the same.
 */
export function repeat(clock: Clock, everyMs: number, round: () => Promise<RoundEnd>): () => Promise<void> {
  let cancel: () => void = () => undefined;
  let stopped = false;
  let current: Promise<void> = Promise.resolve();
  const run = async (): Promise<void> => {
    let end: RoundEnd = "rest";
    try {
      end = await round();
    } finally {
      if (!stopped) cancel = clock.after(end === "again" ? 0 : everyMs, begin);
    }
  };
  const begin = (): void => {
    const running = run();
    // A promise of its own carries the bug on; whoever ends the work has nothing to do with it.
    void running.then();
    current = running.catch(() => undefined);
  };
  begin();
  return () => {
    stopped = true;
    cancel();
    return current;
  };
}
