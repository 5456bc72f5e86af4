import { setTimeout as delay } from "node:timers/promises";
import type { RedisClient } from "./client-options.ts";

/** Longest one pop waits at the server, so that an end is noticed soon (seconds). */
const WAIT_S = 1;
const AFTER_FAILURE_MS = 250;

/**
 * Pops a list's entries one after another on a connection of its own and hands each on, until ended. The returned function ends it and resolves when no
 * pop is under way any more, so that nothing is popped and lost.
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
  return () => {
    end.abort();
    return done;
  };
}
