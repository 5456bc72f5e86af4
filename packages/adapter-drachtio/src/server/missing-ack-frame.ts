import { formatSipEdgeFrame } from "../wire/edge-frame.ts";
import type { AnsweredInvite } from "./offer.ts";

/** The frame that tells an application with `octets` that no ACK came for its 2xx. */
export function missingAckFrame({ transaction, sent }: AnsweredInvite, id: string): string {
  return formatSipEdgeFrame({
    id,
    source: "application",
    bytes: sent.text.length,
    transport: sent.transport,
    address: sent.address,
    port: sent.port,
    time: "",
    transactionId: "ack-timeout",
    dialogId: transaction.id,
    arrival: null,
    text: sent.text,
  });
}
