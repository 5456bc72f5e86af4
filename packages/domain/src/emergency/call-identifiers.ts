import { getParameter, headerAddresses, type SipMessage } from "@tandem/sip";

/** URNs that name an emergency call, and the incident it is about, wherever it goes. */
export interface CallIdentifiers {
  readonly call: string;
  readonly incident: string;
}

/** What names are made of when the request brings none. */
export interface IdentifierSeeds {
  /** 10 to 32 letters and digits, one per call; and another one. */
  readonly call: string;
  readonly incident: string;
  /** Domain name of whoever gives the name. */
  readonly host: string;
}

/**
 * Identifiers of an emergency call (NENA-STA-010.3 §2.1.6, §2.1.7): those the request brings, in the present form or that of earlier editions (purpose
 * `nena-CallId`), else new ones.
 */
export function callIdentifiers(request: SipMessage, { call, incident, host }: IdentifierSeeds): CallIdentifiers {
  const brought = headerAddresses(request, "Call-Info");
  const named = (what: string): string | undefined =>
    brought.find(({ params }) => {
      const purpose = (getParameter(params, "purpose") ?? "").toLowerCase();
      return purpose === `emergency-${what}` || purpose === `nena-${what}`;
    })?.uri;
  return {
    call: named("callid") ?? `urn:emergency:uid:callid:${call}:${host}`,
    incident: named("incidentid") ?? `urn:emergency:uid:incidentid:${incident}:${host}`,
  };
}
