import { err, ok, type Failure, type Result } from "@tandem/domain";
import { errorReason } from "./error-reason.ts";

/** Longest a queue operation is waited for; the client itself waits for ever (BullMQ wants it so). */
const OPERATION_LIMIT_MS = 5_000;

/**
 * Runs a queue operation, bounded in time. A failure is `queue-unavailable`; it says what the error is and not what it says, for the client's errors carry
 * the arguments, and those hold call data.
 */
export async function queueOperation<T>(name: string, operation: () => Promise<T>): Promise<Result<T, Failure>> {
  let timer: NodeJS.Timeout | undefined;
  const unavailable = (reason: string): Result<never, Failure> =>
    err({ code: "queue-unavailable", detail: `${name}: ${reason}`, cause: { name, message: reason } });
  const late = new Promise<Result<never, Failure>>((resolve) => {
    timer = setTimeout(() => {
      resolve(unavailable(`no reply within ${String(OPERATION_LIMIT_MS)} ms`));
    }, OPERATION_LIMIT_MS);
  });
  try {
    return await Promise.race([operation().then((value) => ok(value)), late]);
  } catch (thrown) {
    return unavailable(errorReason(thrown));
  } finally {
    clearTimeout(timer);
  }
}
