import { buildRequest, type HeaderLine, type SipMessage } from "@tandem/sip";
import { inviteOf } from "./attempt.ts";
import type { Exchange } from "./exchange.ts";
import type { Hunt, Trying } from "./hunt.ts";
import { noteMessage } from "./ladder.ts";
import { legWay } from "./leg-way.ts";
import type { Party } from "./party.ts";
import { byAddress } from "./reached-address.ts";
import { partyOf, type Turn } from "./turn.ts";

/**
 * How long the answer to a CANCEL by another edge is waited for, milliseconds: sent twice by then. A peer that answers where the INVITE came from has taken it all the
 * same.
 */
const WITHDRAWAL_MS = 1_000;

/**
 * Cancels the INVITE of an attempt, whose edge is gone, by another edge, with the Via that the peer knows it by, at the address where the peer was
 * reached (RFC 3261 §9.1, §9.2). An answer that crosses the CANCEL is
 * still taken. False: that Via is not known.
 */
export function sendWithdrawal(turn: Turn, hunt: Hunt, trying: Trying, exchange: Exchange): boolean {
  const party = partyOf(turn.call, exchange.party);
  const { edge: _edge, via, reached, ...like } = exchange;
  if (via === undefined || party === null) return false;
  const { leg, profile } = party;
  const id = `${exchange.id}-cancel`;
  const request = cancelOf(inviteOf(turn, hunt, trying, party), party);
  const purpose = { kind: "withdrawal", invite: exchange.id } as const;
  turn.call.exchanges.push({ ...like, id, method: "CANCEL", sentMs: turn.now, purpose, cancelled: false });
  const way = {
    ...legWay(profile),
    ...(reached !== undefined && { nextHop: byAddress(profile.nextHop, reached) }),
    ...via,
    timeoutMs: WITHDRAWAL_MS,
  };
  turn.effects.push({ kind: "send", exchange: id, leg, request, ...way });
  noteMessage(turn, ">", profile.trunk, "CANCEL");
  return true;
}

function cancelOf(invite: SipMessage, party: Party): SipMessage {
  const kept = ["Route", "From", "To", "Call-ID"].flatMap((name) =>
    invite.getAll(name).map((value): HeaderLine => [name, value]),
  );
  return buildRequest({
    method: "CANCEL",
    uri: invite.uri,
    headers: [["Max-Forwards", "70"], ...kept, ["CSeq", `${party.inviteCseq} CANCEL`]],
  });
}
