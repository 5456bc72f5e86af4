import type { Unwatch } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import type { RedisConnection } from "./connection.ts";

/** Longest a change stays unseen when its message was lost. */
const LOOK_EVERY_MS = 1_000;

/**
 * Runs `look` on every message of the channel and once a second besides, never twice at the same time; a message during a look causes another one.
 * The first look, whose result decides whether the watch stands, is the baseline: `look` itself remembers what it saw.
 */
export async function watchChanges(
  connection: RedisConnection,
  channel: string,
  look: () => Promise<Result<void, Failure>>,
): Promise<Result<Unwatch, Failure>> {
  let running = false;
  let again = false;
  const end = new AbortController();
  const run = async (): Promise<void> => {
    if (running || end.signal.aborted) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        // A failed look changes nothing: what was known stays, and the next look is at most a second away.
        await look();
      } while (again && !end.signal.aborted);
    } finally {
      running = false;
    }
  };
  const unsubscribe = connection.onMessage(channel, () => void run());
  const first = await look();
  if (!first.ok) {
    unsubscribe();
    return first;
  }
  const timer = setInterval(() => void run(), LOOK_EVERY_MS);
  timer.unref();
  return ok(() => {
    end.abort();
    clearInterval(timer);
    unsubscribe();
    return Promise.resolve();
  });
}
