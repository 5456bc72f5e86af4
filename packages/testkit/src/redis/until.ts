import { setTimeout as delay } from "node:timers/promises";

/** Resolves once `condition` holds; asks again every `everyMs`; rejects after `limitMs` with what was waited for. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { limitMs = 30_000, everyMs = 20, what = "the condition" } = {},
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come true within ${String(limitMs)} ms`);
    await delay(everyMs);
  }
}
