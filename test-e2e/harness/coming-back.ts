import { setTimeout as delay } from "node:timers/promises";

/** For so long somebody comes back (ms): longer than a process takes to start again, and than a pause of the machine by which a store misses its time. */
const PATIENCE_MS = 20_000;
const AGAIN_MS = 100;
const UNAVAILABLE = 503;

/** What `isUnavailable` says of an answer that stands, whatever it is. */
const never = (): boolean => false;

/** An answer of 503 asks to come back. */
export const isTurnedAway = ({ status }: Response): boolean => status === UNAVAILABLE;

/**
 * Asks over HTTP as somebody does who comes back: again while nobody listens, as at a process that is being started again, and while the answer is `isUnavailable`. Each time by a connection
 * of its own: one kept from before may have been closed by the other side while this process stood still.
 */
export async function comingBack(
  url: string,
  options: RequestInit = {},
  isUnavailable: (answer: Response) => boolean = never,
): Promise<Response> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask(url, options).catch((error: unknown) => error);
    const isLate = Date.now() > deadline;
    if (answer instanceof Response && (isLate || !isUnavailable(answer))) return answer;
    if (!(answer instanceof Response) && isLate) throw answer;
    await delay(AGAIN_MS);
  }
}

function ask(url: string, options: RequestInit): Promise<Response> {
  return fetch(url, { ...options, headers: { ...(options.headers as Record<string, string>), connection: "close" } });
}
