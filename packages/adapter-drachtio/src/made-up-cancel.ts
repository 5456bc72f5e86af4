import { buildRequest, type HeaderLine, type SipMessage } from "@tandem/sip";

/** Headers that a CANCEL has in common with its INVITE (RFC 3261 §9.1). */
const SHARED = ["Via", "From", "To", "Call-ID"] as const;

/** The CANCEL of a caller whose INVITE cannot be answered any more, or was answered by the edge: to the call it is as if the caller had given up. */
export function cancelOf(invite: SipMessage, cause: string): SipMessage {
  const shared = SHARED.map((name): HeaderLine => [name, invite.get(name) ?? ""]);
  const number = (invite.get("CSeq") ?? "").split(" ", 1)[0] ?? "";
  return buildRequest({
    method: "CANCEL",
    uri: invite.uri,
    headers: [...shared, ["CSeq", `${number} CANCEL`], ["Reason", `SIP;cause=503;text="${cause}"`]],
  });
}
