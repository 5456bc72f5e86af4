import {
  isDiallable,
  type CallerOrigin,
  type CompiledTrunk,
  type EmergencyPlan,
  type LegProfile,
} from "@tandem/domain";
import { headerAddresses, parseNameAddr, parseSipUri } from "@tandem/sip";
import type { IncomingRequest } from "../ports/index.ts";
import { callerAddress } from "./caller-address.ts";
import { uriFacts } from "./request-facts.ts";

/**
 * What a call keeps of its caller in case he is transferred to an emergency number: the address that tells his network site, and the number the network
 * asserts where he withholds it in From (RFC 3325 §4: of known peers only). Null where his leg tells as much: most records need not grow.
 */
export function callerOrigin(
  request: IncomingRequest,
  {
    trunk,
    ingress,
    plan,
  }: { readonly trunk: CompiledTrunk | null; readonly ingress: LegProfile; readonly plan: EmergencyPlan },
): CallerOrigin | null {
  const address = callerAddress(request, trunk !== null, plan);
  const number = trunk === null || isDiallable(fromNumber(request)) ? null : (assertedNumber(request) ?? null);
  return number === null && address === gatewayAddress(ingress) ? null : { address, number };
}

/** Where the peer of a leg is. */
export function gatewayAddress({ nextHop }: LegProfile): string | null {
  return parseSipUri(nextHop)?.host.replace(/^\[|\]$/g, "") ?? null;
}

function fromNumber({ message }: IncomingRequest): string {
  return uriFacts(parseNameAddr(message.get("From") ?? "")?.uri ?? "").user;
}

function assertedNumber({ message }: IncomingRequest): string | undefined {
  const identities = headerAddresses(message, "P-Asserted-Identity");
  return identities.map(({ uri }) => uriFacts(uri).user).find(isDiallable);
}
