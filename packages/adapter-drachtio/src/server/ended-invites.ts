import { createHash } from "node:crypto";
import { serverTransactionKey, transactionFacts, type SipMessage } from "@tandem/sip";
import type { Offer } from "./offer.ts";

/** As long as a record of a set-up may outlive it, milliseconds: a ring time and the time until somebody sweeps it. */
const REMEMBERED_MS = 300_000;
/** INVITEs remembered; beyond them the oldest are forgotten. */
const MOST = 16_384;

/**
 * INVITEs that had their end here: refused, or cancelled. The worker that should write so may be dead, stand still, or have no Redis: to whoever finds the record later the caller still waits, and a
 * call would ring for a caller who hung up.
 */
export class EndedInvites {
  /** When each ended, by a digest of its transaction's key, oldest first. */
  readonly #endedMs = new Map<string, number>();

  /** Of a request that is no INVITE, or is one within a dialog, nothing is kept. */
  add({ transaction, received, dialogTag }: Offer, nowMs: number): void {
    const name = transaction.method === "INVITE" && dialogTag === undefined ? nameOf(received.message) : null;
    if (name === null) return;
    this.#endedMs.delete(name);
    this.#endedMs.set(name, nowMs);
    for (const [oldest, endedMs] of this.#endedMs) {
      if (this.#endedMs.size <= MOST && nowMs - endedMs < REMEMBERED_MS) return;
      this.#endedMs.delete(oldest);
    }
  }

  has(invite: SipMessage, nowMs: number): boolean {
    const endedMs = this.#endedMs.get(nameOf(invite) ?? "");
    return endedMs !== undefined && nowMs - endedMs < REMEMBERED_MS;
  }
}

/** RFC 3261 §17.2.3. A digest, for what is cut out of a message keeps the message alive. Null: no transaction can be told. */
function nameOf(invite: SipMessage): string | null {
  const facts = transactionFacts(invite);
  if (facts === undefined) return null;
  return createHash("sha256").update(serverTransactionKey(invite, facts)).digest("base64");
}
