import { detached } from "../messages/detached.ts";
import type { TransactionContext } from "./context.ts";
import type { Way } from "./address-queue.ts";

/** An ACK to a 2xx and where it went. */
export interface SentAck extends Way {
  readonly text: string;
}

/** The 2xxs to one INVITE by To tag, with the ACK of each once the user gave it. */
export class AnswerBook {
  readonly key: string;
  private readonly context: TransactionContext;
  private readonly acks = new Map<string, SentAck | null>();

  constructor(context: TransactionContext, key: string) {
    this.context = context;
    this.key = key;
  }

  /** A 2xx came. One that was acknowledged is so again here and now. */
  seen(toTag: string): "new" | "unacknowledged" | "acknowledged" {
    const ack = this.acks.get(toTag);
    if (ack === undefined) {
      this.acks.set(detached(toTag), null);
      return "new";
    }
    this.context.counters.retransmissionsReceived++;
    if (ack === null) return "unacknowledged";
    this.context.counters.retransmissionsSent++;
    sendOnce(this.context, ack);
    return "acknowledged";
  }

  /** The user's ACK. */
  acknowledge(toTag: string, ack: SentAck): void {
    this.acks.set(detached(toTag), ack);
  }
}

/** Sends text without waiting for anything. */
function sendOnce(context: TransactionContext, ack: SentAck): void {
  const outlet = context.transports.outlet(ack.port, ack.target, { onTransportError: () => undefined });
  outlet.send(ack.text);
  outlet.release();
}
