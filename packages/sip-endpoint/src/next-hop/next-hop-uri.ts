import {
  firstOfList,
  getParameter,
  parseNameAddr,
  parseSipUri,
  uriTransport,
  type SipMessage,
  type SipUri,
} from "@tandem/sip";
import type { Target } from "./target.ts";

/** The URI that a request is sent to: as told, else the top Route, else the Request-URI (RFC 3261 §8.1.2). Undefined: not a SIP URI. */
export function nextHopUri(message: SipMessage, nextHop: string | null): SipUri | undefined {
  return parseSipUri(nextHop ?? topRoute(message) ?? message.uri);
}

/** The far end of a connection that a peer opened, as our user's next hop may name it (`flow=address:port`); undefined: it names none. */
export function flowTarget(uri: SipUri): Target | undefined {
  const named = /^\[?(?<address>[^\]]+)\]?:(?<port>\d{1,5})$/.exec(getParameter(uri.params, "flow") ?? "")?.groups;
  const address = named?.["address"];
  if (address === undefined) return undefined;
  const transport = uriTransport(uri) === "tls" ? "tls" : "tcp";
  return { transport, address, port: Number(named?.["port"]), host: address, flow: true };
}

/** The address to be tried before the others that the URI leads to, as our user's next hop may name it (`first=address`); undefined: it names none. */
export function firstAddress(uri: SipUri): string | undefined {
  return getParameter(uri.params, "first")?.replace(/^\[|\]$/g, "");
}

/** One that the URI does not lead to changes nothing. */
export function withFirst(targets: readonly Target[], address: string | undefined): readonly Target[] {
  if (address === undefined) return targets;
  const isFirst = (target: Target): boolean => target.address === address;
  return [...targets.filter(isFirst), ...targets.filter((target) => !isFirst(target))];
}

function topRoute(message: SipMessage): string | undefined {
  const route = message.get("Route");
  return route === undefined ? undefined : (parseNameAddr(firstOfList(route))?.uri ?? "");
}
