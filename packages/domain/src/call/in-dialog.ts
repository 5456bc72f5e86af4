import { responseTo } from "@tandem/sip";
import { failureEntry } from "../failure/catalogue.ts";
import { onAck } from "./acknowledgement.ts";
import { answerMoves } from "./answered-edges.ts";
import { onBye } from "./bye.ts";
import { emergencyCaller } from "./emergency-transfer.ts";
import type { LegName } from "./event.ts";
import { unknownOptions } from "./headers/options.ts";
import { cseqOf } from "./headers/values.ts";
import { relayRequest, settleOffer } from "./mid-dialog.ts";
import { answerPending, answerRequest, type Received } from "./outgoing.ts";
import { onPrack } from "./prack.ts";
import { onReInvite } from "./re-invite.ts";
import { failureReply, unsupportedReply } from "./replies.ts";
import { dropExchange, placeOf, placeOfRequest, type Place, type Turn } from "./turn.ts";
import { onRefer } from "./transfer.ts";
import { onUpdate } from "./update.ts";

/** A request of a peer in a dialog (RFC 3261 §12.2.2). */
export function onRequest(turn: Turn, leg: LegName, received: Received): void {
  const { message } = received;
  const place = placeOfRequest(turn.call, message);
  if (message.method === "ACK") {
    if (place !== null) onAck(turn, place, received);
    return;
  }
  if (place === null) {
    refuseUnknown(turn, leg, received);
    return;
  }
  const cseq = cseqOf(message);
  if (cseq < place.dialog.remoteCseq) {
    answerRequest(turn, place, received, failureReply("out-of-order"));
    return;
  }
  if (cseq === place.dialog.remoteCseq && adoptRedelivered(turn, place, received)) return;
  place.dialog.remoteCseq = cseq;
  serve(turn, place, received);
}

/** No such dialog here (RFC 3261 §12.2.2). */
function refuseUnknown(turn: Turn, leg: LegName, { transaction, message }: Received): void {
  const { sip, sipReason } = failureEntry("call-gone");
  const response = responseTo(message, sip, { reason: sipReason });
  turn.effects.push({ kind: "respond", leg, transaction, response });
}

/**
 * A request that came before and was not answered: the worker that had it died. What it sent on is void; the request is served anew. A re-INVITE
 * that was answered already gets the same answer again (true).
 */
function adoptRedelivered(turn: Turn, asker: Place, { transaction, message }: Received): boolean {
  const { call } = turn;
  const { dialog } = asker;
  const cseq = cseqOf(message);
  const answered = call.unacked.find((unacked) => unacked.dialog === dialog.id && unacked.cseq === cseq);
  if (answered !== undefined && message.method === "INVITE") {
    const request = { ...answered.request, transaction, open: true };
    call.unacked = call.unacked.map((unacked) =>
      unacked === answered ? { ...answered, ...answerMoves(answered, transaction), request } : unacked,
    );
    answerPending(turn, { ...request }, answered.response);
    return true;
  }
  for (const exchange of call.exchanges) {
    const { purpose } = exchange;
    if (purpose.kind !== "relay") continue;
    const { origin } = purpose;
    const same = origin.dialog === dialog.id && origin.cseq === cseq && origin.method === message.method;
    if (!same) continue;
    dropExchange(call, exchange);
    // Its offer is void with it: the one that comes now is the same, and no second one (RFC 3311 §5.2).
    const asked = placeOf(call, exchange.dialog);
    if (asked !== null && exchange.offered !== "") settleOffer({ asked, asker });
  }
  return false;
}

function serve(turn: Turn, place: Place, received: Received): void {
  const { method } = received.message;
  // A BYE is heard whatever it requires: refused it would leave a call that one side has left.
  const unknown = method === "BYE" || emergencyCaller(turn.call) !== null ? [] : unknownOptions(received.message);
  if (method === "BYE") onBye(turn, place, received);
  else if (turn.call.phase === "ending") answerRequest(turn, place, received, failureReply("call-gone"));
  else if (unknown.length > 0) answerRequest(turn, place, received, unsupportedReply(unknown));
  else if (method === "INVITE") onReInvite(turn, place, received);
  else if (method === "UPDATE") onUpdate(turn, place, received);
  else if (method === "PRACK") onPrack(turn, place, received);
  else if (method === "REFER") onRefer(turn, place, received);
  else relayRequest(turn, place, received);
}
