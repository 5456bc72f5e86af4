import { deskCallId, junctionProfile, tagOf, type Call, type LegProfile } from "@tandem/domain";
import { buildRequest, type HeaderLine, type SipMessage } from "@tandem/sip";

/** Pool of the inner end of a desk's leg. No pool of a topology can have this name. */
export const DESK_POOL = "~desk";
export const NOWHERE = "desk.invalid";
const INNER_TAG = "desk";

/** The leg of the inner end: of no trunk, without limits and timers of its own. */
export const innerProfile: LegProfile = {
  ...junctionProfile,
  pool: DESK_POOL,
  contactHost: NOWHERE,
  peerHost: NOWHERE,
  nextHop: `sip:${NOWHERE}`,
  refer: "refuse",
};

/** Calls the desk in the name of the emergency call's caller. */
export function innerInvite(call: Call, offer: string): SipMessage {
  const uri = call.desk?.uri ?? "";
  const headers: readonly HeaderLine[] = [
    ["Max-Forwards", "70"],
    ["From", `<sip:${call.facts.callingNumber}@${NOWHERE}>;tag=${INNER_TAG}`],
    ["To", `<${uri}>`],
    ["Call-ID", sipCallId(call.id)],
    ["CSeq", "1 INVITE"],
    ["Contact", `<sip:${NOWHERE}>`],
    // Not `emergency`: wherever the desk is, this is no emergency call.
    ["Priority", "urgent"],
    ["Subject", `Emergency call to ${call.facts.emergency?.number ?? ""}`],
    ["Content-Type", "application/sdp"],
  ];
  return buildRequest({ method: "INVITE", uri, headers, body: offer });
}

export const innerCancel: SipMessage = buildRequest({ method: "CANCEL", uri: `sip:${NOWHERE}`, headers: [] });

/** Acknowledges a 2xx to the INVITE. */
export function innerAck(response: SipMessage): SipMessage {
  return inDialog("1 ACK", {
    from: response.get("From") ?? "",
    to: response.get("To") ?? "",
    callId: response.get("Call-ID") ?? "",
  });
}

export function innerBye(callId: string): SipMessage {
  return inDialog("2 BYE", {
    from: `<sip:${NOWHERE}>;tag=${INNER_TAG}`,
    to: `<sip:${NOWHERE}>;tag=${tagOf(deskCallId(callId), "a")}`,
    callId: sipCallId(callId),
  });
}

interface InnerDialog {
  readonly from: string;
  readonly to: string;
  readonly callId: string;
}

function inDialog(cseq: string, { from, to, callId }: InnerDialog): SipMessage {
  const headers: readonly HeaderLine[] = [
    ["From", from],
    ["To", to],
    ["Call-ID", callId],
    ["CSeq", cseq],
  ];
  return buildRequest({ method: cseq.slice(2), uri: `sip:${NOWHERE}`, headers });
}

function sipCallId(callId: string): string {
  return `${callId}@${NOWHERE}`;
}
