import type { HeaderLine } from "@tandem/sip";
import { giveAnswer } from "./answer.ts";
import { emergencyCaller } from "./emergency-transfer.ts";
import { sdpIn } from "./headers/description.ts";
import { relayRequest } from "./mid-dialog.ts";
import { answerRequest, type Received } from "./outgoing.ts";
import { mustHold, sendQueued, takePrack } from "./reliable-provisionals.ts";
import { failureReply, reply } from "./replies.ts";
import { peerOf, placeOf, type Place, type Turn } from "./turn.ts";

/** PRACK (RFC 3262 §3): it releases the response it names, and goes on to the called side if that one was reliable there too. */
export function onPrack(turn: Turn, place: Place, received: Received): void {
  const taken = takePrack(turn, place, received.message.get("RAck") ?? "");
  if (taken === null) {
    // One that came when it was not waited for any more (without-prack.ts).
    const late = emergencyCaller(turn.call) !== null && sdpIn(received.message) === "";
    answerRequest(turn, place, received, late ? reply(200) : failureReply("call-gone"));
    return;
  }
  const offers = noteDescription(turn, place, received);
  if (taken.rack !== null) {
    const rack: HeaderLine = ["RAck", taken.rack];
    relayRequest(turn, place, received, { extra: [rack] });
  } else if (offers) passOffer(turn, place, received);
  else answerRequest(turn, place, received, reply(200));
  sendQueued(turn, place);
}

/** The answer to an offer in the reliable response, or a new offer (RFC 3262 §5). True for an offer. */
function noteDescription(turn: Turn, place: Place, { message }: Received): boolean {
  const sdp = sdpIn(message);
  if (sdp === "") return false;
  if (place.dialog.offer !== "sent") return true;
  const other = peerOf(turn.call, place);
  place.dialog.offer = "none";
  place.dialog.sdp = sdp;
  if (other !== null) other.dialog.offer = "none";
  return false;
}

/** An offer in a PRACK that the called side will not see as one: it takes it as UPDATE, if it can. */
function passOffer(turn: Turn, place: Place, received: Received): void {
  const other = peerOf(turn.call, place);
  if (other?.dialog.allows.includes("UPDATE") === true && other.dialog.offer === "none") {
    relayRequest(turn, place, received, { method: "UPDATE" });
  } else answerRequest(turn, place, received, reply(488));
}

/** The called side's answer goes to the caller once its PRACKs are in and answered (RFC 3262 §3). Runs at the end of every step. */
export function settleHeld(turn: Turn): void {
  const { call } = turn;
  const held = call.caller?.held ?? null;
  if (call.caller === null || held === null) return;
  const called = placeOf(call, held.dialog);
  const place = called === null ? null : peerOf(call, called);
  if (place === null || mustHold(place.dialog)) return;
  // Who asks for help waits for the called side's word only where that is the answer to his offer.
  const awaitsAll = emergencyCaller(call) === null;
  const open = call.exchanges.some(
    ({ purpose, offered }) =>
      purpose.kind === "relay" && purpose.origin.method === "PRACK" && (awaitsAll || offered !== ""),
  );
  if (!open) giveAnswer(turn, call.caller, held);
}
