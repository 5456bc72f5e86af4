import { onSilence } from "./failover.ts";
import { acknowledgeFirst, answerWaiting, hangUp, repeatByes, sendBye } from "./hang-up.ts";
import { passingHeaders } from "./headers/passing.ts";
import { q850In } from "./headers/reason.ts";
import { wayTo } from "./mid-dialog.ts";
import { answerRequest, type Payload, type Received } from "./outgoing.ts";
import { reply } from "./replies.ts";
import { endOf, peerOf, removeDialog, type Place, type Turn } from "./turn.ts";

/** A BYE: answered at once, whatever becomes of the other leg; then the other leg gets its own. */
export function onBye(turn: Turn, place: Place, received: Received): void {
  const { call } = turn;
  acknowledgeFirst(turn, place);
  answerRequest(turn, place, received, reply(200));
  if (call.phase === "ending") {
    call.owedByes = call.owedByes.filter(({ dialog }) => dialog !== place.dialog.id);
    repeatByes(turn, received.alive);
    return;
  }
  if (!place.dialog.confirmed) onEarlyBye(turn, place, received);
  else if (isLeaving(turn, place)) leave(turn, place);
  else endByPeer(turn, place, received);
}

/** Not one of the two who talk: a referrer, or a dialog that is being ended anyway. */
function isLeaving({ call }: Turn, { dialog }: Place): boolean {
  if (call.transfer?.kept === dialog.id) return false;
  return dialog.peer === null || call.transfer?.referrer === dialog.id;
}

/** A referrer goes: its call is another's business, or will be. */
function leave(turn: Turn, place: Place): void {
  const other = peerOf(turn.call, place);
  if (other !== null) other.dialog.peer = null;
  answerWaiting(turn, place.dialog.id);
  endOf(turn, place);
}

function endByPeer(turn: Turn, place: Place, received: Received): void {
  hangUp(turn, {
    except: place.dialog.id,
    bye: passedBye(turn, place, received),
    end: {
      failure: place.dialog.confirmed ? null : "caller-cancelled",
      endedBy: place.party.leg === "a" ? "caller" : "callee",
      q850: q850In(received.message) ?? NORMAL_CLEARING,
    },
    callerGets: reply(487),
  });
}

/** Q.850 cause of a call that people ended. */
const NORMAL_CLEARING = 16;

function passedBye(turn: Turn, place: Place, { message }: Received): Payload {
  const to = peerOf(turn.call, place) ?? place;
  return { headers: passingHeaders(message.headers, wayTo(turn, place, to, message)), body: message.body };
}

/**
 * BYE in an early dialog (RFC 3261 §15: the caller may). One of several forks ends alone; the only one ends the call, with 487 to the INVITE.
 * A called side that does it against the rule has refused the call.
 */
function onEarlyBye(turn: Turn, place: Place, received: Received): void {
  const { hunt } = turn.call;
  if (place.party.role === "uac") {
    if (hunt?.current != null) onSilence(turn, hunt, hunt.current, { failure: "called-unavailable" });
    return;
  }
  if (place.party.dialogs.length === 1) {
    endByPeer(turn, place, received);
    return;
  }
  const other = peerOf(turn.call, place);
  if (other !== null) {
    sendBye(turn, other, passedBye(turn, place, received));
    removeDialog(turn, other);
  }
  removeDialog(turn, place);
}
