import { responseTo, withHeaders, type SipMessage } from "@tandem/sip";

/** Headers a response shares with its request (RFC 3261 §8.2.6.2). */
const SHARED = ["From", "To", "Call-ID", "CSeq"] as const;

/**
 * The response of an application with the tag `octets`, used as given. An application that could not read the request cannot quote it;
 * what it leaves out of From, To, Call-ID and CSeq is taken from the request.
 */
export function withTransactionHeaders(response: SipMessage, request: SipMessage, newTag: () => string): SipMessage {
  const missing = SHARED.filter((name) => !response.has(name));
  if (missing.length === 0) return response;
  const own = responseTo(request, response.status, { toTag: newTag() });
  return withHeaders(response, (headers) => {
    for (const name of missing) headers.append(name, own.get(name) ?? "");
  });
}
