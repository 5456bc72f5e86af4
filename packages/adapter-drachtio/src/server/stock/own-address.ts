import { formatNameAddr, formatUri, parseNameAddr, parseSipUri, type SipUri } from "@tandem/sip";
import type { BoundListener } from "@tandem/sip-endpoint";

/** `host:port` that peers know the listener by. */
export function ownHostPort(listener: BoundListener): string {
  return `${bracketed(listener.advertisedAddress)}:${listener.advertisedPort}`;
}

/** Contact value of the listener. */
export function ownContact(listener: BoundListener): string {
  const transport = listener.transport === "udp" ? "" : `;transport=${listener.transport}`;
  return `<sip:${ownHostPort(listener)}${transport}>`;
}

/** `proto/host:port` of every listener, as the authenticate reply lists them. */
export function hostports(listeners: readonly BoundListener[], bound: boolean): string {
  return listeners
    .map((each) => {
      const host = bound ? `${bracketed(each.address)}:${each.port}` : ownHostPort(each);
      return `${each.transport}/${host}`;
    })
    .join(",");
}

/**
 * An address an application without `octets` wrote, as drachtio-server sends it: the host `localhost` becomes ours. With `rewriteIp` (Contact)
 * any IPv4 literal but ours becomes ours too, because such an application does not know the addresses of its server.
 */
export function withOwnHost(value: string, listener: BoundListener, rewriteIp: boolean): string {
  const address = parseNameAddr(value);
  const uri = address === undefined ? undefined : parseSipUri(address.uri);
  if (address === undefined || uri === undefined) return value;
  const isLocal = uri.host.toLowerCase() === "localhost";
  const isForeign = rewriteIp && /^\d+\.\d+\.\d+\.\d+$/.test(uri.host) && uri.host !== listener.advertisedAddress;
  if (!isLocal && !isForeign) return value;
  return formatNameAddr({ ...address, uri: formatUri(atListener(uri, listener, isForeign)) });
}

function atListener(uri: SipUri, listener: BoundListener, tellTransport: boolean): SipUri {
  const params = uri.params.filter(([name]) => !tellTransport || name.toLowerCase() !== "transport");
  return {
    ...uri,
    host: bracketed(listener.advertisedAddress),
    port: listener.advertisedPort,
    params: tellTransport ? [...params, ["transport", listener.transport]] : params,
  };
}

/** The listener that a request to this URI leaves by: the first of the transport asked for, else the first. */
export function listenerTowards(uri: string, listeners: readonly BoundListener[]): BoundListener | undefined {
  const parsed = parseSipUri(uri);
  const asked = parsed?.params.find(([name]) => name.toLowerCase() === "transport")?.[1]?.toLowerCase();
  const transport = asked ?? (parsed?.scheme === "sips" ? "tls" : "udp");
  return listeners.find((each) => each.transport === transport) ?? listeners[0];
}

/** Whether the URI names one of our own listeners. */
export function isOwnUri(uri: string, listeners: readonly BoundListener[]): boolean {
  const parsed = parseSipUri(uri);
  if (parsed === undefined) return false;
  const hostport = `${parsed.host}:${parsed.port ?? 5060}`;
  return listeners.some(
    (each) => hostport === ownHostPort(each) || hostport === `${bracketed(each.address)}:${each.port}`,
  );
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
