import type { HeaderLine, SipMessage } from "@tandem/sip";
import { hangUp } from "./hang-up.ts";
import { q850In } from "./headers/reason.ts";
import { onReInviteCancelled } from "./re-invite.ts";
import { sendCancel } from "./outgoing.ts";
import { placeOf, removeDialog, type Turn } from "./turn.ts";

/** The peer cancelled an INVITE; the edge has answered both. RFC 3261 §9.2: it changes nothing once the final response is sent. */
export function onCancelled(turn: Turn, transaction: string, cancel: SipMessage): void {
  const { call } = turn;
  const bye = { headers: reasonLines(cancel), body: "" };
  if (call.caller?.transaction === transaction) {
    giveUp(turn, cancel, bye.headers);
    return;
  }
  for (const exchange of call.exchanges) {
    const { purpose } = exchange;
    if (purpose.kind !== "relay" || purpose.origin.transaction !== transaction || exchange.method !== "INVITE")
      continue;
    purpose.origin.open = false;
    sendCancel(turn, exchange, bye.headers);
    return;
  }
  onCrossing(turn, transaction, cancel);
}

function giveUp(turn: Turn, cancel: SipMessage, headers: readonly HeaderLine[]): void {
  hangUp(turn, {
    except: null,
    bye: { headers, body: "" },
    end: { failure: "caller-cancelled", endedBy: "caller", q850: q850In(cancel) },
    callerGets: null,
  });
}

/** The edge had the CANCEL before our 200 reached it: the peer has 487, so what we took for an answer is none. */
function onCrossing(turn: Turn, transaction: string, cancel: SipMessage): void {
  const { call } = turn;
  const unacked = call.unacked.find((waiting) => waiting.transaction === transaction);
  const place = placeOf(call, unacked?.dialog ?? null);
  if (unacked === undefined || place === null || call.phase !== "up") return;
  if (unacked.cseq !== place.party.inviteCseq || place.party.role === "uac") {
    onReInviteCancelled(turn, unacked);
    return;
  }
  giveUpAnswered(turn, place.dialog.id, cancel);
  removeDialog(turn, place);
  call.facts.sipCode = 487;
}

function giveUpAnswered(turn: Turn, except: string, cancel: SipMessage): void {
  hangUp(turn, {
    except,
    bye: { headers: reasonLines(cancel), body: "" },
    end: { failure: "caller-cancelled", endedBy: "caller", q850: q850In(cancel) },
    callerGets: null,
  });
}

/** RFC 3326: why the caller cancelled goes on to the called side. */
function reasonLines(cancel: SipMessage): readonly HeaderLine[] {
  return cancel.getAll("Reason").map((value): HeaderLine => ["Reason", value]);
}
