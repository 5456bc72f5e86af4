import {
  encodeEscapes,
  formatNameAddr,
  formatUri,
  parseUri,
  userParts,
  type ParameterList,
  type SipMessage,
  type SipUri,
  type Uri,
} from "@tandem/sip";
import { isDiallable } from "../../numbering/dialled-number.ts";
import type { AttemptPlan, LegProfile } from "../leg-profile.ts";
import { addressOf, numberOf, portOf, schemeOf, withoutPort, withoutTag } from "./values.ts";

/** Where the new INVITE goes and whom it names. From and To without tags. */
export interface CallAddresses {
  readonly uri: string;
  readonly from: string;
  readonly to: string;
}

/** What of the caller's INVITE the addresses are made of. */
export interface AddressedRequest {
  readonly uri: string;
  /** From and To values as received. */
  readonly from: string;
  readonly to: string;
}

/** The addresses of a request as received. */
export function addressesOf(message: SipMessage): AddressedRequest {
  return { uri: message.uri, from: message.get("From") ?? "", to: message.get("To") ?? "" };
}

type Scheme = "sip" | "sips";

/** URI parameters that describe the user, not the way to it; the others (`transport`, `maddr`, `lr`…) belong to one leg's network. */
const USER_PARAMS: ReadonlySet<string> = new Set(["user", "cause", "target", "isub", "oli", "cpc", "noa"]);

const ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>';

/** What a called or calling URI looks like on the other leg. */
interface Rewrite {
  /** The number after translation, unescaped, without parameters. */
  readonly number: string;
  /** Host, with port where the URI says where to go. */
  readonly host: string;
  readonly scheme: Scheme;
}

/** Request-URI, From and To of an attempt (RFC 3261 §8.1.1), nothing of the caller's network in them. */
export function callAddresses(request: AddressedRequest, plan: AttemptPlan, emergency: boolean): CallAddresses {
  const { profile } = plan;
  const scheme = schemeOf(request.uri) === "sips" && profile.transport === "tls" ? "sips" : "sip";
  const called: Rewrite = { number: plan.calledNumber, host: profile.peerHost, scheme };
  const uri = rewrite(request.uri, called);
  return { uri, to: calledParty(request, uri, called), from: callingParty(request, plan, { scheme, emergency }) };
}

function rewrite(original: string, { number, host, scheme }: Rewrite): string {
  if (number.toLowerCase().startsWith("urn:")) return number;
  const uri = parseUri(original);
  return formatUri(sipUri({ scheme, user: userPart(uri, number), host, params: userParams(uri, number) }));
}

interface UriShape {
  readonly scheme: Scheme;
  readonly user: string;
  readonly host: string;
  readonly params: ParameterList;
}

function sipUri({ scheme, user, host, params }: UriShape): SipUri {
  return {
    kind: "sip",
    scheme,
    user: user === "" ? undefined : user,
    password: undefined,
    host: withoutPort(host),
    port: portOf(host),
    params,
    headers: [],
  };
}

/** The user part as written when the number in it stays the same, so that `;phone-context=` and escapes survive; else the new number. */
function userPart(original: Uri | undefined, number: string): string {
  const written = original?.kind === "sip" ? (original.user ?? "") : telUser(original);
  return written !== "" && userParts(written).name === number ? written : encodeEscapes(number, "user");
}

/** RFC 3261 §19.1.6: a telephone-subscriber is a user part as it is, parameters included. */
function telUser(uri: Uri | undefined): string {
  return uri?.kind === "tel" ? formatUri(uri).slice("tel:".length) : "";
}

function userParams(original: Uri | undefined, number: string): ParameterList {
  if (original?.kind === "sip") return original.params.filter(([name]) => USER_PARAMS.has(name.toLowerCase()));
  return /^\+?[\d*#]+$/.test(number) ? [["user", "phone"]] : [];
}

/** To names the same user as the Request-URI, or stays what it was (a diverted call) without the host it was sent to. */
function calledParty(request: AddressedRequest, uri: string, called: Rewrite): string {
  const address = addressOf(withoutTag(request.to));
  const named = parseUri(address.uri);
  // NENA-STA-010.3 §4.1: a call to a service says so in To, whomever the caller named.
  if (uri.toLowerCase().startsWith("urn:")) return `<${uri}>`;
  if (named === undefined || numberOf(address.uri) === numberOf(request.uri))
    return formatNameAddr({ ...address, uri });
  if (named.kind !== "sip" && named.kind !== "tel") return formatNameAddr(address);
  return formatNameAddr({ ...address, uri: rewrite(address.uri, { ...called, number: numberOf(address.uri) }) });
}

interface CallerWish {
  readonly scheme: Scheme;
  readonly emergency: boolean;
}

/** From: the translated number at our own host; anonymous when the route withholds the number and gives none instead (RFC 3323 §4.1.1.3). */
function callingParty(request: AddressedRequest, plan: AttemptPlan, { scheme, emergency }: CallerWish): string {
  const address = addressOf(withoutTag(request.from));
  const withheld = plan.suppressCallerId && !emergency;
  if (withheld && plan.callingNumber === "") return ANONYMOUS;
  const uri = parseUri(address.uri);
  const hides = uri?.kind === "sip" && /(^|\.)anonymous\.invalid$/i.test(uri.host);
  // RFC 6881 SP-33 no. 4, SP-36: whoever hides and calls for help is called back all the same, if a number is known.
  if (hides && (!emergency || !isDiallable(plan.callingNumber))) return formatNameAddr(address);
  const number = plan.callingNumber === "" ? numberOf(address.uri) : plan.callingNumber;
  const host = withoutPort(plan.profile.contactHost);
  const shown = {
    ...address,
    ...(hides ? { displayName: undefined } : {}),
    uri: rewrite(hides ? "" : address.uri, { number, host, scheme }),
  };
  return formatNameAddr(withheld ? { ...shown, displayName: undefined, params: [] } : shown);
}

/** Our Contact on a leg: where the peer's next request goes. With a number, so that a callback to it works. */
export function contactOn(profile: LegProfile, number: string, scheme: Scheme): string {
  const user = number.toLowerCase().startsWith("urn:") ? "" : encodeEscapes(number, "user");
  const params: ParameterList =
    profile.transport === "udp" || scheme === "sips" ? [] : [["transport", profile.transport]];
  return `<${formatUri(sipUri({ scheme, user, host: profile.contactHost, params }))}>`;
}
