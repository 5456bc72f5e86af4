import { setTimeout as delay } from "node:timers/promises";
import type { RedisClient } from "./client-options.ts";

/** Longest one pop waits at the server, so that an end is noticed soon (seconds). */
const WAIT_S = 0.5;
const AFTER_FAILURE_MS = 250;

/** Longest an end waits for the pop under way; beyond it Redis is away and there is nothing to lose. */
const END_LIMIT_MS = WAIT_S * 1_000 + 500;

/**
 * Pops a list's entries one after another on a connection of its own and hands each on, until ended. The returned function ends it: it resolves when no
 * pop is under way any more, so that nothing is popped and lost, and closes the connection.
 */
export function popUntilEnded(client: RedisClient, key: string, onEntry: (text: string) => void): () => Promise<void> {
  const end = new AbortController();
  const loop = async (): Promise<void> => {
    while (!end.signal.aborted && client.status !== "end") {
      try {
        const popped = await client.blpop(key, WAIT_S);
        if (popped !== null) onEntry(popped[1]);
      } catch {
        // The connection is being made again (or was closed for good, which ends the loop).
        await delay(AFTER_FAILURE_MS);
      }
    }
  };
  const done = loop();
  return async () => {
    end.abort();
    const enough = new AbortController();
    await Promise.race([done, delay(END_LIMIT_MS, undefined, { signal: enough.signal }).catch(() => undefined)]);
    enough.abort();
    client.disconnect();
  };
}
