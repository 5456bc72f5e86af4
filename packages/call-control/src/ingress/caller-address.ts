import { parseIpAddress, type EmergencyPlan } from "@tandem/domain";
import { headerAddresses, headerValues, parseUri, parseVia } from "@tandem/sip";
import type { IncomingRequest } from "../ports/index.ts";

/**
 * The address that tells a caller's network site: the request's source, or what a known peer says of its caller. A stranger's word does not count. What
 * is missing or unreadable leaves the source.
 */
export function callerAddress(request: IncomingRequest, known: boolean, plan: EmergencyPlan): string {
  const told = known ? toldAddress(request, plan) : undefined;
  return told === undefined || parseIpAddress(told) === null ? request.source.address : told;
}

function toldAddress({ message }: IncomingRequest, { siteFrom, siteHeader }: EmergencyPlan): string | undefined {
  switch (siteFrom) {
    case "via": {
      // The last Via is the first hop's: the caller's own (RFC 3261 §18.2.1 for `received`).
      const last = headerValues(message, "Via").at(-1);
      const via = last === undefined ? undefined : parseVia(last);
      return via?.received ?? via?.host;
    }
    case "contact": {
      const uri = parseUri(headerAddresses(message, "Contact")[0]?.uri ?? "");
      return uri?.kind === "sip" ? uri.host : undefined;
    }
    case "header":
      return siteHeader === null ? undefined : message.get(siteHeader)?.trim();
    case "source":
      return undefined;
  }
}
