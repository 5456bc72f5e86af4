import type { SipMessage } from "@tandem/sip";
import type { AttemptPlan, LegProfile } from "../leg-profile.ts";
import { readAddress, readUri, withoutPort, withoutTag, writeUri, type UriParts } from "./values.ts";

/** Where the new INVITE goes and whom it names. From and To without tags. */
export interface CallAddresses {
  readonly uri: string;
  readonly from: string;
  readonly to: string;
}

/** URI parameters that describe the user, not the way to it; the others (`transport`, `maddr`, `lr`…) belong to one leg's network. */
const USER_PARAMS: ReadonlySet<string> = new Set(["user", "cause", "target", "isub", "oli", "cpc", "noa"]);

const ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>';

/** What a called or calling URI looks like on the other leg. */
interface Rewrite {
  /** The number after translation, unescaped, without parameters. */
  readonly number: string;
  readonly host: string;
  readonly scheme: "sip" | "sips";
}

/** Request-URI, From and To of an attempt (RFC 3261 §8.1.1), nothing of the caller's network in them. */
export function callAddresses(request: AddressedRequest, plan: AttemptPlan, emergency: boolean): CallAddresses {
  const { profile } = plan;
  const scheme = readUri(request.uri).scheme === "sips" && profile.transport === "tls" ? "sips" : "sip";
  const called: Rewrite = { number: plan.calledNumber, host: profile.peerHost, scheme };
  const uri = rewriteUri(request.uri, called);
  return { uri, to: calledParty(request, uri, called), from: callingParty(request, plan, { scheme, emergency }) };
}

/** What of the caller's INVITE the addresses are made of. */
export interface AddressedRequest {
  readonly uri: string;
  /** From and To values as received. */
  readonly from: string;
  readonly to: string;
}

export function addressesOf(message: SipMessage): AddressedRequest {
  return { uri: message.uri, from: message.get("From") ?? "", to: message.get("To") ?? "" };
}

function rewriteUri(original: string, { number, host, scheme }: Rewrite): string {
  if (number.toLowerCase().startsWith("urn:")) return number;
  const parts = readUri(original);
  const params = userParams(parts, number);
  return writeUri({ scheme, user: userPart(parts, number), host, params, headers: "" });
}

/** The user part as written when the number in it stays the same, so that `;phone-context=` and escapes survive; else the new number. */
function userPart(parts: UriParts, number: string): string {
  const cut = parts.user.search(/[;:]/);
  const user = cut < 0 ? parts.user : parts.user.slice(0, cut);
  const same = parts.scheme !== "urn" && number !== "" && unescaped(user) === number;
  if (!same) return escaped(number);
  return parts.user[cut] === ":" ? user : parts.user;
}

function userParams(parts: UriParts, number: string): string {
  if (parts.scheme === "tel" || parts.scheme === "urn") return /^\+?[\d*#]+$/.test(number) ? ";user=phone" : "";
  return parts.params
    .split(";")
    .filter((param) => USER_PARAMS.has((param.split("=")[0] ?? "").trim().toLowerCase()))
    .map((param) => `;${param}`)
    .join("");
}

/** To names the same user as the Request-URI, or stays what it was (a diverted call) without the host it was sent to. */
function calledParty(request: AddressedRequest, uri: string, called: Rewrite): string {
  const { display, uri: toUri, params } = readAddress(withoutTag(request.to));
  const parts = readUri(toUri);
  const named = display === "" ? "" : `${display} `;
  if (parts.scheme !== "sip" && parts.scheme !== "sips" && parts.scheme !== "tel") {
    return parts.scheme === "" ? `<${uri}>` : `${named}<${toUri}>${params}`;
  }
  if (parts.user === readUri(request.uri).user) return `${named}<${uri}>${params}`;
  const { host, scheme } = called;
  return `${named}<${writeUri({ ...parts, scheme, host, params: userParams(parts, ""), headers: "" })}>${params}`;
}

interface CallerWish {
  readonly scheme: "sip" | "sips";
  readonly emergency: boolean;
}

/** From: the translated number at our own host; anonymous when the route withholds the number and gives none instead (RFC 3323 §4.1.1.3). */
function callingParty(request: AddressedRequest, plan: AttemptPlan, { scheme, emergency }: CallerWish): string {
  const { display, uri, params } = readAddress(withoutTag(request.from));
  const withheld = plan.suppressCallerId && !emergency;
  if (withheld && plan.callingNumber === "") return ANONYMOUS;
  const parts = readUri(uri);
  const named = display === "" || withheld ? "" : `${display} `;
  if (/(^|\.)anonymous\.invalid$/i.test(parts.host)) return `${named}<${uri}>${params}`;
  const user = plan.callingNumber === "" ? parts.user : userPart(parts, plan.callingNumber);
  const host = withoutPort(plan.profile.contactHost);
  const kept = userParams(parts, plan.callingNumber);
  return `${named}<${writeUri({ scheme, user, host, params: kept, headers: "" })}>${withheld ? "" : params}`;
}

/** Our Contact on a leg: where the peer's next request goes. With a number, so that a callback to it works. */
export function contactOn(profile: LegProfile, number: string, scheme: "sip" | "sips"): string {
  const user = number === "" || number.toLowerCase().startsWith("urn:") ? "" : `${escaped(number)}@`;
  const transport = profile.transport === "udp" ? "" : `;transport=${profile.transport}`;
  return `<${scheme}:${user}${profile.contactHost}${scheme === "sips" ? "" : transport}>`;
}

const UNESCAPED = /[^A-Za-z0-9\-_.!~*'()&=+$,/]/g;

/** A number as user part: what RFC 3261 §25.1 does not allow there is escaped (`#` is). Input is latin1. */
function escaped(number: string): string {
  return number.replace(UNESCAPED, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

/** The characters behind `%` escapes; a wrong escape stays as it is. */
export function unescaped(user: string): string {
  return user.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
