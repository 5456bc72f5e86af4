import { buildRequest, formatMessage, parseCSeq, type HeaderLine, type SipMessage } from "@tandem/sip";

/** What an ACK or CANCEL shares with the INVITE it belongs to. */
export interface SentInvite {
  /** As the user gave it, without our Via. */
  readonly message: SipMessage;
  /** Our Via, with the branch. */
  readonly via: string;
}

/** The ACK to a non-2xx final response (RFC 3261 §17.1.1.3), as text. */
export function ackText(invite: SentInvite, response: SipMessage): string {
  // The To of the response: it has the tag.
  return ownRequest("ACK", invite, response.get("To") ?? invite.message.get("To") ?? "", []);
}

/** The CANCEL of an INVITE (RFC 3261 §9.1), as text. */
export function cancelText(invite: SentInvite, headers: readonly HeaderLine[]): string {
  return ownRequest("CANCEL", invite, invite.message.get("To") ?? "", headers);
}

function ownRequest(method: string, invite: SentInvite, to: string, extra: readonly HeaderLine[]): string {
  const { message, via } = invite;
  const sequence = parseCSeq(message.get("CSeq") ?? "")?.sequence ?? 1;
  const routes = message.getAll("Route").map((route): HeaderLine => ["Route", route]);
  const headers: readonly HeaderLine[] = [
    ["Via", via],
    ...routes,
    ["Max-Forwards", "70"],
    ["From", message.get("From") ?? ""],
    ["To", to],
    ["Call-ID", message.get("Call-ID") ?? ""],
    ["CSeq", `${sequence} ${method}`],
    ...extra,
  ];
  return formatMessage(buildRequest({ method, uri: message.uri, headers }));
}
