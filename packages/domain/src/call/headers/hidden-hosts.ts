import { headerAddresses, headerValues, parseVia, type SipMessage } from "@tandem/sip";
import { hostOf, withoutPort } from "./values.ts";

/**
 * Host names and addresses of the network a message came from: what must not be seen on the other leg. IP literals are hidden wherever they
 * come from, because they name a place in a network; other names (an identity's domain) pass unless they are one of these.
 */
export function hostsOfSender(message: SipMessage, known: readonly string[]): readonly string[] {
  const hosts = new Set(known.map((host) => withoutPort(host).toLowerCase()));
  for (const name of ["Contact", "Record-Route", "From"]) {
    for (const { uri } of headerAddresses(message, name)) hosts.add(hostOf(uri));
  }
  for (const via of headerValues(message, "Via")) {
    const host = parseVia(via)?.host;
    if (host !== undefined) hosts.add(host.toLowerCase());
  }
  hosts.delete("");
  return [...hosts];
}

// A comma may be in a user part (RFC 3261 §25.1), but only brackets tell it from one of a list.
const URI_HOST =
  /(<sips?:(?:[^\s@<>:"]*(?::[^\s@<>:,"?;]*)?@)?|sips?:(?:[^\s@<>:,"]*(?::[^\s@<>:,"?;]*)?@)?)(\[[0-9a-f:.]+\]|[^\s;?<>:,"@/]+)(:\d+)?/gi;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** RFC 3323 §4.1.1.3, RFC 2606 §2: these name nobody. */
const NOBODY = /(?:^|\.)invalid\.?$/i;

/** A header line with every host in its SIP URIs replaced by ours, as in the From of a request: it tells who, not where. */
export function renameHosts(line: string, ours: string): string {
  return line.replace(URI_HOST, (whole, before: string, host: string) =>
    NOBODY.test(host) ? whole : `${before}${ours}`,
  );
}

/** A header line with every hidden host in its SIP URIs replaced by ours; all other bytes stay. */
export function hideHosts(line: string, hidden: ReadonlySet<string>, ours: string): string {
  return line.replace(URI_HOST, (whole, before: string, host: string) =>
    isHidden(host, hidden) ? `${before}${ours}` : whole,
  );
}

// RFC 3986 §3.2: scheme, user, host. The bound keeps a hostile line from being read again from each of its dots.
const URL_HOST = /\b[a-z][a-z0-9+.-]{0,31}:\/\/(?:[^\s@/?#<>"]*@)?(\[[0-9a-f:.]+\]|[^\s:/?#<>",;@]+)/gi;

/** Whether a URL or SIP URI of a header line is at a hidden host: to others it is of no use, and tells of that host. */
export function namesHost(line: string, hidden: ReadonlySet<string>): boolean {
  const hosts = [...line.matchAll(URL_HOST)].map(([, host = ""]) => host);
  return [...hosts, ...[...line.matchAll(URI_HOST)].map(([, , host = ""]) => host)].some((host) =>
    isHidden(host, hidden),
  );
}

function isHidden(host: string, hidden: ReadonlySet<string>): boolean {
  return host.startsWith("[") || IPV4.test(host) || hidden.has(host.toLowerCase());
}
