import { parseEvent, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { Call } from "./call.ts";
import type { Exchange } from "./exchange.ts";
import type { Dialog } from "./party.ts";

/** REFERs passed on that are remembered; older subscriptions are over. */
const MOST_REFERS = 4;

/** Notes the CSeq numbers of a REFER that was passed on: each leg names the subscription by its own (RFC 3515 §2.4.6). */
export function notePassedRefer(call: Call, sent: Exchange, theirs: number): void {
  if (sent.dialog === null) return;
  call.refers = [...call.refers, { dialog: sent.dialog, ours: sent.cseq, theirs }].slice(-MOST_REFERS);
}

/** The lines of a NOTIFY with the `id` of its subscription as the other leg knows it. */
export function translateSubscription(call: Call, from: Dialog, lines: readonly HeaderLine[]): readonly HeaderLine[] {
  return lines.map(([name, value]): HeaderLine => {
    const lower = name.toLowerCase();
    const event = lower === "event" || lower === "o" ? parseEvent(value) : undefined;
    if (event?.name !== "refer" || event.id === undefined) return [name, value];
    const known = call.refers.find(({ dialog, ours }) => dialog === from.id && String(ours) === event.id);
    return known === undefined ? [name, value] : [name, `refer;id=${known.theirs}`];
  });
}

/** A sipfrag tells how a call fares; only its status line goes on, headers in it name the other leg's dialogs (RFC 3515 §5.3). */
export function withoutFragmentHeaders(message: SipMessage): string {
  const type = message.get("Content-Type")?.toLowerCase() ?? "";
  if (!type.startsWith("message/sipfrag")) return message.body;
  return `${/^[^\r\n]*/.exec(message.body)?.[0] ?? ""}\r\n`;
}
