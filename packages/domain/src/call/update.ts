import { emergencyCaller } from "./emergency-transfer.ts";
import { acceptRefresh, pendingRequest, relayRequest } from "./mid-dialog.ts";
import { answerRequest, type Received } from "./outgoing.ts";
import { holdsEmergency, offerPending } from "./re-invite.ts";
import { failureReply, notNowReply, reply } from "./replies.ts";
import { timerWish, tooSmall } from "./session-timer.ts";
import type { FailureCode } from "../failure/catalogue.ts";
import type { Place, Turn } from "./turn.ts";

/** UPDATE (RFC 3311 §5.2). A bare session refresh (RFC 4028 §7.4) concerns this leg alone and is answered here; the rest is passed on. */
export function onUpdate(turn: Turn, place: Place, received: Received): void {
  const { message } = received;
  const wish = timerWish(message);
  const minSeS = tooSmall(wish, place.party.profile.sessionTimer);
  const failure = whyNotNow(turn, place, received);
  if (holdsEmergency(turn, place, message)) answerRequest(turn, place, received, failureReply("feature-refused"));
  else if (failure !== null) answerRequest(turn, place, received, notNowReply(turn.call.id, failure));
  else if (minSeS !== null && emergencyCaller(turn.call) === null) {
    answerRequest(turn, place, received, failureReply("session-interval-too-small", [["Min-SE", String(minSeS)]]));
  } else if (message.body === "" && wish.expiresS > 0 && place.dialog.confirmed) {
    const terms = acceptRefresh(turn, place, pendingRequest(turn, place, received));
    answerRequest(turn, place, received, reply(200, terms));
  } else relayRequest(turn, place, received);
}

/** One UPDATE of a side at a time, and no second offer while one is open. */
function whyNotNow(turn: Turn, place: Place, { message }: Received): FailureCode | null {
  const earlier = turn.call.exchanges.some(
    ({ purpose }) =>
      purpose.kind === "relay" && purpose.origin.dialog === place.dialog.id && purpose.origin.method === "UPDATE",
  );
  return earlier ? "answer-pending" : offerPending(place, message);
}
