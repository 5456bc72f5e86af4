import { inDialogRequest, parseMessage } from "@tandem/sip";
import { formatSipEdgeFrame } from "../wire/edge-frame.ts";
import { AppSession } from "./app-session.ts";
import { dialogId, toTag } from "./dialog-id.ts";
import type { EdgeContext } from "./edge-context.ts";
import type { AnsweredInvite } from "./offer.ts";
import { stackTime } from "./stack-time.ts";
import type { StockDialogs } from "./stock/stock-dialogs.ts";

/**
 * No ACK came for a 2xx (RFC 3261 §13.3.1.4): the dialog must be ended with BYE. An application with `octets` is told and does it itself; for
 * any other the edge sends the BYE and reports it.
 */
export function reportMissingAck(answered: AnsweredInvite, context: EdgeContext, dialogs: StockDialogs): void {
  const session = answered.session.ready ? answered.session : context.roster.nextForDialog("BYE");
  if (session === undefined) return;
  if (session.octets || !(session instanceof AppSession)) return session.ackMissing(answered);
  endDialog(session, answered, context, dialogs);
}

function endDialog(session: AppSession, answered: AnsweredInvite, context: EdgeContext, dialogs: StockDialogs): void {
  const answer = parseMessage(answered.sent.text);
  const tag = answer.ok ? toTag(answer.value) : undefined;
  const id = dialogId(answered.transaction.callId, tag ?? "");
  const dialog = dialogs.find(id);
  if (dialog === undefined) return;
  dialogs.remove(id);
  const message = inDialogRequest(dialog.peer, {
    method: "BYE",
    sequence: dialog.sequence + 1,
    headers: [["Reason", 'SIP;cause=200;text="ACK timeout"']],
  });
  context.endpoint().request(
    { message, listener: dialog.listener.name, nextHop: dialog.flow },
    {
      onSent: (sent, attempt) => {
        if (attempt > 1 || !session.ready) return;
        session.send(
          formatSipEdgeFrame({
            id: context.tokens.next(),
            source: "application",
            bytes: sent.text.length,
            transport: sent.transport,
            address: sent.address,
            port: sent.port,
            time: stackTime(sent.atMs),
            transactionId: "unsolicited",
            dialogId: id,
            arrival: null,
            text: sent.text,
          }),
        );
      },
      onResponse: () => undefined,
      onFailure: () => undefined,
    },
  );
}
