import { faultOf } from "@tandem/domain";
import type { Logger } from "./logger.ts";

/** What following stray rejections needs of the process; replaced in tests. */
interface RejectionHost {
  on(event: "unhandledRejection", listener: (reason: unknown) => void): unknown;
}

/**
 * For processes that serve calls, and those that calls lean on: a promise that fails and that nobody waits for is a bug in one place, and does not end what has
 * nothing to do with it, as Node.js would: the calls of all the others, or with one record of the leading controller, and then of each that follows it,
 * the notices of emergency calls. Each is one line, with how many there were, what it is and where, but not its message, which may quote a number.
 * An exception that nobody catches ends the process still: what it left half done nobody knows.
 */
export function outliveStrayRejections(logger: Pick<Logger, "error">, host: RejectionHost = process): void {
  let count = 0;
  host.on("unhandledRejection", (reason) => {
    count += 1;
    logger.error({ ...faultOf(reason), count }, "work that nobody waits for failed");
  });
}
