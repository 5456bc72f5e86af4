import type { SipMessage } from "@tandem/sip";
import { tellAnswered } from "./answered-edges.ts";
import type { Unacked } from "./exchange.ts";
import { hangUp, sendBye } from "./hang-up.ts";
import { ownDescription, sdpIn } from "./headers/description.ts";
import { passingHeaders } from "./headers/passing.ts";
import { reasonsOf } from "./headers/reason.ts";
import { cseqOf } from "./headers/values.ts";
import { wayTo } from "./mid-dialog.ts";
import { sendAck, type Received } from "./outgoing.ts";
import { callDesk } from "./security-desk.ts";
import { placeOf, type Place, type Turn } from "./turn.ts";

/**
 * The ACK of a 2xx of ours: the other leg's 2xx gets its own, with the answer if the INVITE was without offer. One that comes again is nothing. An ACK that
 * reached the edge of its INVITE bears that transaction's id; another edge goes on repeating the 2xx until it is told (RFC 3261 §13.3.1.4).
 */
export function onAck(turn: Turn, place: Place, { message: ack, transaction }: Received): void {
  const { call } = turn;
  const { dialog } = place;
  const cseq = cseqOf(ack);
  const unacked = call.unacked.find((waiting) => waiting.dialog === dialog.id && waiting.cseq === cseq);
  if (unacked === undefined) return;
  call.unacked = call.unacked.filter((waiting) => waiting !== unacked);
  passAck(turn, place, unacked, ack);
  // After our ACK: should this worker die before that left, the edge goes on with the 2xx, and the caller's ACK comes again.
  tellAnswered(turn, unacked, transaction);
  callDesk(turn);
  payOwedBye(turn, place);
}

function passAck(turn: Turn, place: Place, unacked: Unacked, ack: SipMessage): void {
  const { dialog } = place;
  dialog.offer = "none";
  const to = placeOf(turn.call, unacked.ack?.dialog ?? null);
  if (unacked.ack === null || to === null) return;
  to.dialog.offer = "none";
  const sdp = sdpIn(ack);
  if (sdp !== "") dialog.sdp = sdp;
  sendAck(turn, to, unacked.ack.cseq, {
    headers: passingHeaders(ack.headers, wayTo(turn, place, to, ack)),
    body: ownDescription(to.dialog.origin, ack, to.party.profile.contactHost),
  });
}

/** A BYE that waited for this ACK (RFC 3261 §15) goes out. */
function payOwedBye(turn: Turn, place: Place): void {
  const { call } = turn;
  const owed = call.owedByes.find(({ dialog }) => dialog === place.dialog.id);
  if (owed === undefined) return;
  call.owedByes = call.owedByes.filter((bye) => bye !== owed);
  sendBye(turn, place, owed);
}

/** No ACK within 64*T1 (RFC 3261 §13.3.1.4): the session is ended with BYE, on both legs. */
export function onAckTimeout(turn: Turn, transaction: string): void {
  const { call } = turn;
  const unacked = call.unacked.find((waiting) => waiting.transaction === transaction);
  const place = placeOf(call, unacked?.dialog ?? null);
  if (unacked === undefined || place === null) return;
  call.unacked = call.unacked.filter((waiting) => waiting !== unacked);
  const to = placeOf(call, unacked.ack?.dialog ?? null);
  if (unacked.ack !== null && to !== null) sendAck(turn, to, unacked.ack.cseq);
  if (call.phase === "ending") payOwedBye(turn, place);
  else {
    hangUp(turn, {
      except: null,
      bye: { headers: reasonsOf("ack-timeout"), body: "" },
      end: { failure: "ack-timeout", endedBy: "system", q850: null },
      callerGets: null,
    });
  }
}
