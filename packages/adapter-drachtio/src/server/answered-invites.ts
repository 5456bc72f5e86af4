import type { ServerTransaction } from "@tandem/sip-endpoint";
import type { CallAffinity } from "./call-affinity.ts";
import type { AnsweredInvite } from "./offer.ts";

/** INVITEs answered with 2xx until their ACK comes, or it is clear that none will. Each keeps the affinity of its call. */
export class AnsweredInvites {
  readonly #affinity: CallAffinity;
  readonly #answered = new Map<string, AnsweredInvite>();

  constructor(affinity: CallAffinity) {
    this.#affinity = affinity;
  }

  get size(): number {
    return this.#answered.size;
  }

  /** Those that an edge which ends waits for beyond its drain. */
  get held(): number {
    let count = 0;
    for (const { held } of this.#answered.values()) if (held) count += 1;
    return count;
  }

  unhold(id: string): void {
    const answered = this.#answered.get(id);
    if (answered !== undefined) answered.held = false;
  }

  add(answered: AnsweredInvite): void {
    this.#answered.set(answered.transaction.id, answered);
  }

  /** Waits for its ACK no more; undefined: it did not, or not any more. */
  take({ id }: Pick<ServerTransaction, "id">): AnsweredInvite | undefined {
    const answered = this.#answered.get(id);
    if (answered === undefined) return undefined;
    this.#answered.delete(id);
    this.#affinity.end(answered.transaction.callId);
    return answered;
  }

  /** Its ACK came by another edge: the 2xx is repeated no more (RFC 3261 §13.3.1.4). */
  acknowledgedElsewhere(id: string): void {
    this.take({ id })?.transaction.acknowledged();
  }
}
