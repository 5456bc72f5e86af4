import { firstOfList, parseNameAddr, parseSipUri, type SipMessage, type SipUri } from "@tandem/sip";

/** The URI that a request is sent to: as told, else the top Route, else the Request-URI (RFC 3261 §8.1.2). Undefined: not a SIP URI. */
export function nextHopUri(message: SipMessage, nextHop: string | null): SipUri | undefined {
  return parseSipUri(nextHop ?? topRoute(message) ?? message.uri);
}

function topRoute(message: SipMessage): string | undefined {
  const route = message.get("Route");
  return route === undefined ? undefined : (parseNameAddr(firstOfList(route))?.uri ?? "");
}
