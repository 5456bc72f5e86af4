import type { Worker } from "bullmq";

/** Longest the jobs under way, and Redis, are waited for. */
const END_LIMIT_MS = 5_000;

/**
 * Ends a worker: it takes no further job at once, and jobs under way may finish. While Redis is away that cannot be recorded; after the limit it is left
 * behind, and the job, whose lock lapses, is another's.
 */
export async function endWorker(worker: Worker): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, END_LIMIT_MS);
  });
  await Promise.race([worker.close().catch(() => undefined), limit]);
  clearTimeout(timer);
}
