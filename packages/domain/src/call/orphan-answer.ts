import { topVia, type SipMessage } from "@tandem/sip";
import { dismissAnswer } from "./answer.ts";
import { inviteBranch } from "./attempt.ts";
import type { Call } from "./call.ts";
import { onResponse } from "./called-responses.ts";
import { emergencyCaller } from "./emergency-transfer.ts";
import type { Exchange } from "./exchange.ts";
import { cseqOf, tagIn } from "./headers/values.ts";
import { localTagOf, NO_PAYLOAD, sendAck, type Payload } from "./outgoing.ts";
import type { Party } from "./party.ts";
import { sdpPayload } from "./session-refresh.ts";
import { partyIdOf, peerOf, placeOf, type Place, type Turn } from "./turn.ts";

/**
 * A 2xx to an INVITE that its worker may not have seen, or acknowledged by another edge. It is used if it is still waited for, and acknowledged if its ACK is
 * owed: the caller's ACK may have died with the worker. That of a dialog that stands or is being ended was acknowledged before: the peer has not got that ACK, or would not say it again, so it gets
 * the same once more (RFC 3261 §13.2.2.4). Any other is ended.
 */
export function onOrphanAnswer(turn: Turn, response: SipMessage): void {
  const { call } = turn;
  const party = call.parties.find(({ sipCallId }) => sipCallId === response.get("Call-ID"));
  if (party === undefined) return;
  const cseq = cseqOf(response);
  const exchange = call.exchanges.find(
    (each) => each.party === party.id && each.method === "INVITE" && each.cseq === cseq,
  );
  if (exchange !== undefined) {
    if (answers(call, exchange, response)) onResponse(turn, { exchange: exchange.id, response });
  } else if (!payOwedAck(turn, party, cseq) && !acknowledgeAgain(turn, party, response)) {
    if (cseq === party.inviteCseq) dismissAnswer(turn, party.id, response);
  }
}

/**
 * RFC 3261 §17.1.3: a response is of the request whose branch it has. An edge that did not send the request cannot tell, so it is told here. Of a re-INVITE, whose
 * branch its edge made, the dialog tells. A call for help takes any: no help is lost for a Via that a peer wrote wrong.
 */
function answers(call: Call, { id, dialog, via }: Exchange, response: SipMessage): boolean {
  if (emergencyCaller(call) !== null) return true;
  if (dialog !== null) return placeOf(call, dialog)?.dialog.remoteTag === tagIn(response, "To");
  const branch = topVia(response)?.branch ?? "";
  const ours = inviteBranch(call, id);
  return (
    branch === ours ||
    branch === via?.branch ||
    (branch.startsWith(`${ours}.`) && /^\d+$/.test(branch.slice(ours.length + 1)))
  );
}

/** Whether the call knows whose answer it is. The attempt may be over and forgotten: then the answer must be ended without the call (RFC 3261 §13.2.2.4). */
export function knowsAnswer({ parties }: Call, response: SipMessage): boolean {
  return parties.some(({ sipCallId }) => sipCallId === response.get("Call-ID"));
}

/** False: its ACK was sent. One without an answer in it need not wait for the other side's; while the caller's PRACK is awaited, none goes. */
function payOwedAck(turn: Turn, party: Party, cseq: number): boolean {
  const { unacked, caller } = turn.call;
  const held = caller?.held?.dialog ?? null;
  if (held !== null && partyIdOf(held) === party.id && cseq === party.inviteCseq) return true;
  const owed = unacked.find(({ ack }) => ack?.cseq === cseq && partyIdOf(ack.dialog) === party.id);
  const place = placeOf(turn.call, owed?.ack?.dialog ?? null);
  if (owed === undefined || place === null) return false;
  if (owed.offerless) return true;
  owed.ack = null;
  sendAck(turn, place, cseq);
  return true;
}

/** False: it is of none of the party's dialogs that were ever acknowledged. The BYE of either side is stored before the ACK that goes ahead of it is sent. */
function acknowledgeAgain(turn: Turn, party: Party, response: SipMessage): boolean {
  const { call } = turn;
  const [ours, theirs] = [tagIn(response, "From"), tagIn(response, "To")];
  const dialog = party.dialogs.find(
    (each) => each.remoteTag === theirs && localTagOf(call, party, each) === ours && (each.confirmed || each.ended),
  );
  const cseq = cseqOf(response);
  if (dialog === undefined || cseq > dialog.localCseq) return false;
  const payload = payloadOf(turn, { party, dialog }, cseq);
  if (payload !== null) sendAck(turn, { party, dialog }, cseq, payload);
  return true;
}

/** What stood in the ACK. Null: the description in it is an older one by now, which the peer has heard of since: it had its ACK. */
function payloadOf({ call }: Turn, place: Place, cseq: number): Payload | null {
  const { dialog } = place;
  const { answerInAck } = dialog;
  if (answerInAck?.cseq !== cseq) return NO_PAYLOAD;
  const other = peerOf(call, place);
  if (other === null || dialog.origin.version !== answerInAck.version) return null;
  const origin = { ...dialog.origin };
  const payload = sdpPayload({ ...place, dialog: { ...dialog, origin } }, other);
  return origin.version === answerInAck.version ? payload : null;
}
