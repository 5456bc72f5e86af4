import { formatSipEdgeFrame, formatWait } from "../wire/edge-frame.ts";
import type { OrphanedAnswer } from "./application.ts";

/** The frame that brings an application with `octets` a 2xx that nobody acknowledged here. In place of a dialog it names the listener that the INVITE left by. */
export function orphanAnswerFrame(
  { answer, listener, told, firstMs }: OrphanedAnswer,
  { id, nowMs }: { readonly id: string; readonly nowMs: number },
): string {
  const { source, text } = answer;
  return formatSipEdgeFrame({
    id,
    source: "application",
    bytes: text.length,
    transport: source.transport,
    address: source.address,
    port: source.port,
    time: formatWait(nowMs - firstMs),
    transactionId: "orphan-answer",
    dialogId: listener,
    arrival: null,
    ...(told ? { told } : {}),
    text,
  });
}
