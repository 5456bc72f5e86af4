import type { PeerCertificate, TLSSocket } from "node:tls";
import { expandIpv6 } from "@tandem/sip";

/** An unquoted entry of Node's subjectaltname text. Quoted ones hold characters no SIP identity has. */
const ALT_NAME = /(?:^|, )(DNS|URI|IP Address):([^",]+)(?=,|$)/g;

/**
 * Names that a certificate vouches for (RFC 5922 §7.1): DNS names, hosts of `sip:` URIs, IP addresses, lower case. The common name
 * counts only when there is no such entry.
 */
export function certificateIdentities(certificate: PeerCertificate): readonly string[] {
  const found = new Set<string>();
  for (const [, type, value] of (certificate.subjectaltname ?? "").matchAll(ALT_NAME)) {
    const identity = value === undefined ? undefined : identityOf(type, value);
    if (identity !== undefined) found.add(identity);
  }
  const commonName: unknown = certificate.subject?.CN;
  if (found.size === 0 && typeof commonName === "string") found.add(commonName.toLowerCase());
  return [...found];
}

/** Identities of the other end of a connection; empty unless its certificate was verified. */
export function peerIdentities(socket: TLSSocket): readonly string[] {
  return socket.authorized ? certificateIdentities(socket.getPeerCertificate()) : [];
}

/** Whether a host (name or address literal) is among the identities (RFC 5922 §7.2, RFC 5923 §8). */
export function coversHost(identities: readonly string[], host: string, wildcards: boolean): boolean {
  const wanted = canonical(host);
  if (identities.some((identity) => canonical(identity) === wanted)) return true;
  const parent = wanted.indexOf(".");
  return wildcards && parent > 0 && identities.includes(`*${wanted.slice(parent)}`);
}

function identityOf(type: string | undefined, value: string): string | undefined {
  if (type !== "URI") return value.toLowerCase();
  // RFC 5922 §7.1: a sip URI without a user part names a domain.
  const match = /^sips?:([^@;?]+)(?=[;?]|$)/i.exec(value);
  return match?.[1]?.replace(/:\d+$/, "").toLowerCase();
}

function canonical(host: string): string {
  return expandIpv6(host) ?? host.toLowerCase();
}
