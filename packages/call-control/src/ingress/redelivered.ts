import type { CallEvent } from "@tandem/domain";
import { transactionId } from "../calls/transaction-id.ts";
import type { IncomingRequest } from "../ports/index.ts";
import { arrivalPlace } from "./arrival-place.ts";

/** For a call that has its INVITE already: it came again. */
export function redelivered(request: IncomingRequest): Extract<CallEvent, { kind: "redelivered" }> {
  const { transaction, message } = request;
  return {
    kind: "redelivered",
    transaction: transactionId(transaction),
    request: message,
    ...arrivalPlace(request),
  };
}
