import type { TransactionId } from "@tandem/domain";
import type { ServerTransaction } from "../ports/index.ts";

/** `<edge>/<id>`, as the call machine names a server transaction. */
export function transactionId(transaction: ServerTransaction): TransactionId {
  return `${transaction.edge}/${transaction.id}`;
}

/** The way back. Edge ids hold no slash. */
export function serverTransaction(id: TransactionId): ServerTransaction {
  const slash = id.indexOf("/");
  return { edge: id.slice(0, slash), id: id.slice(slash + 1) };
}
