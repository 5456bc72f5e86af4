import type { HeaderLine, SipMessage } from "@tandem/sip";
import type { Call } from "./call.ts";
import type { Transfer } from "./hunt.ts";
import type { StoredResponse } from "./party.ts";
import { emergencyCaller, noteEmergencyFailed } from "./emergency-transfer.ts";
import { endDialog, hangUp } from "./hang-up.ts";
import { offHold } from "./headers/description.ts";
import { reasonsOf } from "./headers/reason.ts";
import { sendAck, sendInDialog } from "./outgoing.ts";
import { resync } from "./session-refresh.ts";
import { placeOf, type Place, type Turn } from "./turn.ts";

/** How long the referrer's subscription is said to last (RFC 3515 §2.4.4): longer than any ringing. */
const SUBSCRIBED_S = 300;

/** NOTIFYs of an ordinary call that may wait for an answer at once: a referrer that answers none makes no record grow. */
const MOST_NOTIFIES = 16;

/** How the call to the transfer target fares, told by NOTIFY (RFC 3515 §2.4.5). The same status is told once. */
export function tellReferrer(turn: Turn, status: number, reason: string): void {
  const { transfer } = turn.call;
  if (transfer === null || transfer.told === status) return;
  transfer.told = status;
  notify(turn, transfer, `SIP/2.0 ${status} ${reason}`, false);
}

function notify(turn: Turn, transfer: Transfer, status: string, last: boolean): void {
  const referrer = placeOf(turn.call, transfer.referrer);
  if (referrer === null || !transfer.subscribed) return;
  if (answersNone(turn.call)) {
    if (last) onLastNotified(turn, referrer.dialog.id);
    return;
  }
  const state = last ? "terminated;reason=noresource" : `active;expires=${SUBSCRIBED_S}`;
  const headers: readonly HeaderLine[] = [
    ["Event", `refer;id=${transfer.id}`],
    ["Subscription-State", state],
    ["Content-Type", "message/sipfrag;version=2.0"],
  ];
  sendInDialog(turn, referrer, { method: "NOTIFY", headers, body: `${status}\r\n` }, { kind: "notify", last });
}

/** Its REFER is acted on all the same: that the target is no emergency number is known only when its routes are. */
function answersNone(call: Call): boolean {
  if (emergencyCaller(call) !== null) return false;
  return call.exchanges.filter(({ purpose }) => purpose.kind === "notify").length >= MOST_NOTIFIES;
}

/** Nobody took the transferred call: the referrer is told, and the call goes on as it was. If the referrer has left already, it ends. */
export function transferFailed(turn: Turn, { status, reason }: StoredResponse): void {
  const { call } = turn;
  const { transfer } = call;
  const goesOn = placeOf(call, transfer?.referrer ?? null) !== null;
  // Where it does not go on, it ends as the emergency call that nobody answered.
  if (call.hunt?.madeEmergency === true && goesOn) noteEmergencyFailed(turn);
  call.hunt = null;
  call.transfer = null;
  if (transfer === null) return;
  notify(turn, transfer, `SIP/2.0 ${status} ${reason}`, true);
  if (goesOn) return;
  hangUp(turn, {
    except: null,
    bye: { headers: reasonsOf("transfer-failed"), body: "" },
    end: { failure: "transfer-failed", endedBy: "system", q850: null },
    callerGets: null,
  });
}

/**
 * The transfer target answered: it takes the referrer's place. The side that stays gets the target's description by re-INVITE, the referrer the
 * good news, and its BYE once it has taken that.
 */
export function joinTransfer(turn: Turn, target: Place, response: SipMessage): void {
  const { call } = turn;
  const { transfer } = call;
  const kept = placeOf(call, transfer?.kept ?? null);
  sendAck(turn, target, target.party.inviteCseq);
  if (transfer === null || kept === null) {
    endDialog(turn, target, { headers: reasonsOf("call-gone"), body: "" });
    return;
  }
  const referrer = placeOf(call, transfer.referrer);
  if (referrer !== null) referrer.dialog.peer = null;
  connect(kept, target);
  // The target was offered it so; only another answer than this is news for it.
  kept.dialog.sdp = offHold(kept.dialog.sdp);
  call.facts.transferred = true;
  call.transfer = null;
  resync(turn, kept);
  notify(turn, transfer, `SIP/2.0 ${response.status} ${response.reason}`, true);
  if (referrer !== null && !transfer.subscribed) endReferrer(turn, referrer);
}

/** Two dialogs are each other's other leg from now on. */
function connect(one: Place, other: Place): void {
  one.dialog.peer = other.dialog.id;
  other.dialog.peer = one.dialog.id;
}

/** The referrer has the last NOTIFY, or will never have it: its part is over, if somebody took its place. */
export function onLastNotified(turn: Turn, dialog: string | null): void {
  const referrer = placeOf(turn.call, dialog);
  if (referrer !== null && referrer.dialog.peer === null && turn.call.phase === "up") endReferrer(turn, referrer);
}

function endReferrer(turn: Turn, referrer: Place): void {
  endDialog(turn, referrer, { headers: [["Reason", 'SIP;cause=200;text="Call transferred"']], body: "" });
}
