import type { CallEvent } from "@tandem/domain";
import { transactionId } from "../calls/transaction-id.ts";
import type { IncomingRequest } from "../ports/index.ts";

/** For a call that has its INVITE already: it came again. */
export function redelivered(request: IncomingRequest): Extract<CallEvent, { kind: "redelivered" }> {
  return { kind: "redelivered", transaction: transactionId(request.transaction), request: request.message };
}
