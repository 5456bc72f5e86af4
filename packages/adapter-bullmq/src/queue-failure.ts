import { err, ok, type Failure, type Result } from "@tandem/domain";

/** Longest a queue operation is waited for; the client itself waits for ever (BullMQ wants it so). */
const OPERATION_LIMIT_MS = 5_000;

/**
 * Runs a queue operation, bounded in time. A failure is `queue-unavailable`; its cause is only a name and a message, for the client's errors carry the
 * arguments, and those hold call data.
 */
export async function queueOperation<T>(name: string, operation: () => Promise<T>): Promise<Result<T, Failure>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no reply within ${String(OPERATION_LIMIT_MS)} ms`));
    }, OPERATION_LIMIT_MS);
  });
  try {
    return ok(await Promise.race([operation(), late]));
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message.slice(0, 160) : "";
    const cause = { name: thrown instanceof Error ? thrown.name : "unknown", message };
    return err({ code: "queue-unavailable", detail: `${name}: ${message}`, cause });
  } finally {
    clearTimeout(timer);
  }
}
