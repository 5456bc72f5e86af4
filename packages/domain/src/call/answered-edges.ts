import type { TransactionId } from "./event.ts";
import type { Unacked } from "./exchange.ts";
import type { Turn } from "./turn.ts";

/** Transactions remembered of one answer: no peer makes a record grow. The edge of one forgotten repeats its 2xx for 64*T1. */
const MOST_EARLIER = 8;

/** The answer is given again, to the same INVITE by another way. The edge that had the earlier one goes on repeating its own 2xx until it is told. */
export function answerMoves(unacked: Unacked, transaction: TransactionId): Pick<Unacked, "transaction" | "earlier"> {
  const { transaction: before, earlier = [] } = unacked;
  if (before === transaction) return { transaction };
  return { transaction, earlier: [...earlier.filter((each) => each !== transaction), before].slice(-MOST_EARLIER) };
}

/**
 * The peer has the 2xx: the edges that repeat it are told (RFC 3261 §13.3.1.4). An edge that has the ACK by itself needs no word: `by` is the transaction that the ACK bears then.
 */
export function tellAnswered(
  { effects }: Turn,
  { transaction, earlier = [] }: Unacked,
  by: TransactionId | null,
): void {
  for (const each of [transaction, ...earlier])
    if (each !== by) effects.push({ kind: "acknowledged", transaction: each });
}
