import {
  formatNameAddr,
  formatUri,
  hasParameter,
  headerValues,
  parseCSeq,
  parseNameAddr,
  parseUri,
  readTag,
  userParts,
  type NameAddr,
  type SipMessage,
  type Uri,
} from "@tandem/sip";

/** A From, To, Contact or Route value; one that breaks the grammar is taken as a bare URI, so that it can still be answered. */
export function addressOf(value: string): NameAddr {
  return parseNameAddr(value) ?? { displayName: undefined, uri: value.replace(/[<>\s].*/, ""), params: [] };
}

/** URI of the first address of a header; undefined when there is none. */
export function firstUri(message: SipMessage, name: string): string | undefined {
  const value = headerValues(message, name)[0];
  return value === undefined ? undefined : addressOf(value).uri;
}

/** A From or To value without its tag. */
export function withoutTag(value: string): string {
  const address = addressOf(value);
  return formatNameAddr({ ...address, params: address.params.filter(([name]) => name.toLowerCase() !== "tag") });
}

/** The tag of a From or To line, empty when there is none. */
export function tagIn(message: SipMessage, name: "From" | "To"): string {
  return readTag(message.get(name) ?? "") ?? "";
}

/** Scheme of a URI in lower case, empty when it has none. */
export function schemeOf(uri: string): string {
  return uri.slice(0, Math.max(0, uri.indexOf(":"))).toLowerCase();
}

/** User part without parameters, unescaped; for `tel:` the number, for a URN all of it. Empty when there is none. */
export function numberOf(uri: string): string {
  const parsed = parseUri(uri);
  switch (parsed?.kind) {
    case "sip":
      return parsed.user === undefined ? "" : userParts(parsed.user).name;
    case "tel":
      return parsed.number;
    case "urn":
      return formatUri(parsed);
    default:
      return "";
  }
}

/** Host of a SIP URI without port, lower case; empty for other URIs. */
export function hostOf(uri: string): string {
  const parsed = parseUri(uri);
  return parsed?.kind === "sip" ? parsed.host.toLowerCase() : "";
}

/** A URI has that parameter. */
export function hasUriParameter(uri: Uri | undefined, name: string): boolean {
  return uri?.kind === "sip" && hasParameter(uri.params, name);
}

/** `host:port` without the port; an IPv6 literal keeps its brackets. */
export function withoutPort(host: string): string {
  const colon = host.indexOf(":", host.indexOf("]") + 1);
  return colon < 0 ? host : host.slice(0, colon);
}

/** Port of `host:port`; undefined when it has none. */
export function portOf(host: string): number | undefined {
  const bare = withoutPort(host);
  return bare.length === host.length ? undefined : Number(host.slice(bare.length + 1));
}

/** Option tags or tokens of a header, lower case. */
export function optionTags(message: SipMessage, name: string): readonly string[] {
  return headerValues(message, name).map((tag) => tag.toLowerCase());
}

/** Sequence number of the CSeq; 0 when it is missing or wrong. */
export function cseqOf(message: SipMessage): number {
  return parseCSeq(message.get("CSeq") ?? "")?.sequence ?? 0;
}
