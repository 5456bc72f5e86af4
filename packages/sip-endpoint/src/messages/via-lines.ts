import {
  firstOfList,
  formatMessage,
  formatVia,
  parseVia,
  withHeaders,
  withParameter,
  type SipMessage,
  type Via,
} from "@tandem/sip";
import type { BoundListener, Transport } from "../config.ts";
import { defaultPort } from "../next-hop/target.ts";
import type { Arrival } from "../transport/arrival.ts";

/** The request with `received` and `rport` in its top Via where they belong; the very message when they do not. */
export function withSource(request: SipMessage, via: Via, arrival: Arrival): SipMessage {
  // RFC 3581 §4: with rport, received is written even when it tells nothing new.
  const asksPort = via.rport === "requested";
  // RFC 3261 §18.2.1: when the sent-by is a name or another address.
  if (!asksPort && hostOf(via) === arrival.address) return request;
  let params = withParameter(via.params, "received", arrival.address);
  if (asksPort) params = withParameter(params, "rport", String(arrival.port));
  const written = request.get("Via") ?? "";
  const others = written.slice(written.indexOf(firstOfList(written)) + firstOfList(written).length);
  const value = `${formatVia({ ...via, params })}${others}`;
  return withHeaders(request, (headers) => headers.replaceFirst("Via", value));
}

/** Top Via of a request, also of one that says another version of SIP there: its 505 goes back like any response (RFC 4475 §3.1.2.16). */
export function viaOfAnyVersion(request: SipMessage): Via | undefined {
  const value = request.get("Via");
  return value === undefined ? undefined : parseVia(firstOfList(value).replace(/^SIP\/\d+\.\d+\//i, "SIP/2.0/"));
}

/** Where a response goes over UDP (RFC 3261 §18.2.2, RFC 3581 §4), and over a stream whose connection is gone. */
export function replyAddress(via: Via, arrival: Arrival): { readonly address: string; readonly port: number } {
  // Deviation from §18.2.2: `maddr` is not obeyed. It would let anybody have responses sent to anybody.
  const { address, transport } = arrival;
  if (transport === "udp" && via.rport !== undefined) return { address, port: arrival.port };
  return { address, port: sentByPort(via, transport) };
}

/** Host of the sent-by, IPv6 without brackets, as written. */
export function hostOf(via: Via): string {
  return via.host.startsWith("[") ? via.host.slice(1, -1) : via.host;
}

/** RFC 3261 §18.2.2: the default port of the transport if none is written. */
export function sentByPort(via: Via, transport: Transport): number {
  return via.port === undefined || via.port === 0 ? defaultPort(transport) : via.port;
}

/** Is the sent-by that of requests of this listener, or where it is bound? Whoever takes a listener's address over is configured alike. */
export function isSentBy(via: Via, listener: BoundListener, transport: Transport): boolean {
  const host = hostOf(via).toLowerCase();
  const port = sentByPort(via, transport);
  if (host === listener.advertisedAddress.toLowerCase() && port === listener.advertisedPort) return true;
  return host === listener.address.toLowerCase() && port === listener.port;
}

/** A response as text, with exactly the Via lines of its request. */
export function responseText(response: SipMessage, vias: readonly string[]): string {
  const own = response.getAll("Via");
  const same = own.length === vias.length && own.every((line, index) => line === vias[index]);
  if (same) return formatMessage(response);
  const edited = withHeaders(response, (headers) => {
    headers.remove("Via");
    for (const via of vias.toReversed()) headers.prepend("Via", via);
  });
  return formatMessage(edited);
}

/** Our Via line without its end. RFC 3581 §3: rport over UDP. RFC 5923 §5: alias where the connection may carry requests back. */
export function ownVia(
  listener: BoundListener,
  transport: Transport,
  branch: string,
  sentBy = sentByOf(listener),
): string {
  const flag = transport === "udp" ? "rport" : "alias";
  return `SIP/2.0/${transport.toUpperCase()} ${sentBy};branch=${branch};${flag}`;
}

/** What stands in the Via of a listener's requests (RFC 3261 §18.1.1). */
export function sentByOf({ advertisedAddress, advertisedPort }: BoundListener): string {
  const host = advertisedAddress.includes(":") ? `[${advertisedAddress}]` : advertisedAddress;
  return `${host}:${advertisedPort}`;
}

/** A formatted request with our Via put above its header lines. */
export function withOwnVia(text: string, via: string): string {
  const afterStartLine = text.indexOf("\r\n") + 2;
  return `${text.slice(0, afterStartLine)}Via: ${via}\r\n${text.slice(afterStartLine)}`;
}
