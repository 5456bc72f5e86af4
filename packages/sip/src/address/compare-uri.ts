import type { ParameterList } from "../values/parameters.ts";
import { canonicalEscapes } from "./escape.ts";
import { canonicalHost } from "./host.ts";
import { telDigits, type SipUri, type TelUri, type Uri } from "./uri.ts";

/** Parameters that make two SIP URIs differ when only one has them (RFC 3261 §19.1.4). */
const NEVER_IGNORED = ["user", "ttl", "method", "maddr"];

/** True when two URIs name the same resource: RFC 3261 §19.1.4, RFC 3966 §5, RFC 8141 §3. Symmetric; not transitive, as RFC 3261 says. */
export function equalUris(a: Uri, b: Uri): boolean {
  if (a.kind === "sip" && b.kind === "sip") return equalSipUris(a, b);
  if (a.kind === "tel" && b.kind === "tel") return equalTelUris(a, b);
  if (a.kind === "urn" && b.kind === "urn") return a.namespace === b.namespace && urnText(a) === urnText(b);
  if (a.kind === "other" && b.kind === "other") return a.scheme === b.scheme && a.rest === b.rest;
  return false;
}

function equalSipUris(a: SipUri, b: SipUri): boolean {
  return (
    a.scheme === b.scheme &&
    escapesOf(a.user) === escapesOf(b.user) &&
    escapesOf(a.password) === escapesOf(b.password) &&
    canonicalHost(a.host) === canonicalHost(b.host) &&
    // An omitted port does not equal the default port.
    a.port === b.port &&
    equalParams(a.params, b.params) &&
    equalHeaders(a.headers, b.headers)
  );
}

function escapesOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : canonicalEscapes(text);
}

/** Lower-case names with their values; a value-less parameter and an empty value are told apart. */
function canonicalMap(list: ParameterList): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of list) {
    const key = canonicalEscapes(name).toLowerCase();
    if (!map.has(key)) map.set(key, value === undefined ? "" : `=${canonicalEscapes(value).toLowerCase()}`);
  }
  return map;
}

function equalParams(a: ParameterList, b: ParameterList): boolean {
  if (a.length === 0 && b.length === 0) return true;
  const left = canonicalMap(a);
  const right = canonicalMap(b);
  for (const [name, value] of left) {
    const other = right.get(name);
    if (other === undefined ? NEVER_IGNORED.includes(name) : other !== value) return false;
  }
  return !NEVER_IGNORED.some((name) => right.has(name) && !left.has(name));
}

/** Headers are never ignored; their order does not count, a repeated one must repeat in both. */
function equalHeaders(a: ParameterList, b: ParameterList): boolean {
  if (a.length !== b.length) return false;
  const texts = (list: ParameterList): string =>
    list
      .map(([name, value]) => `${canonicalEscapes(name).toLowerCase()}=${canonicalEscapes(value ?? "")}`)
      .sort()
      .join("&");
  return texts(a) === texts(b);
}

function equalTelUris(a: TelUri, b: TelUri): boolean {
  if (telDigits(a.number).toLowerCase() !== telDigits(b.number).toLowerCase()) return false;
  const left = telParams(a.params);
  const right = telParams(b.params);
  return left.size === right.size && [...left].every(([name, value]) => right.get(name) === value);
}

/** RFC 3966 §4: parameters count whatever their order; phone-context and ext numbers are compared without visual separators. */
function telParams(params: ParameterList): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [name, value = ""] of params) {
    const lower = value.toLowerCase();
    const isNumber = /^\+?[-.()0-9a-f*#]+$/.test(lower);
    map.set(name.toLowerCase(), isNumber ? telDigits(lower) : lower);
  }
  return map;
}

function urnText(uri: { readonly namespace: string; readonly specific: string }): string {
  // RFC 5031 §4.2: service URNs compare case-insensitively throughout.
  return uri.namespace === "service" ? uri.specific.toLowerCase() : uri.specific;
}
