import {
  getParameter,
  headerAddresses,
  headerValues,
  withHeaders,
  type HeaderEdit,
  type SipMessage,
} from "@tandem/sip";
import type { EmergencyInviteParts, NamedPlace } from "./invite-parts.ts";

/** Priorities of the namespace (RFC 7135 §3). */
const ESNET = /^esnet\.[0-4]$/i;
/** `namespace.priority` (RFC 4412 §3.1). */
const PRIORITY_VALUE = /^[\w\-!%*+`'~]+\.[\w\-!%*+`'~]+$/;
/** What an emergency call has when nothing else is said (NENA-STA-010.3 §4.2.1.5). */
const DEFAULT_PRIORITY = "esnet.1";

/**
 * What an ESInet wants to see (NENA-STA-010.3 §4.1, §4.2.1): a Route to it, identifiers of call and incident, a priority, and a name of the source that
 * a PSAP can hand back. What is there and valid stays, the identifiers of earlier editions included.
 */
export function addI3Headers(invite: SipMessage, parts: EmergencyInviteParts, { host }: NamedPlace): SipMessage {
  const { preparation, profile } = parts;
  const { callIdentifier, incidentIdentifier, sourceIdentifier } = preparation;
  const purposes = purposesOf(invite);
  const has = (...names: string[]): boolean => names.some((name) => purposes.has(name));
  return withHeaders(invite, (headers) => {
    headers.prepend("Route", `<${profile.nextHop}>`);
    const info = (uri: string, purpose: string): void =>
      void headers.append("Call-Info", `<${uri}>;purpose=${purpose}`);
    if (callIdentifier !== null && !has("emergency-callid", "nena-callid")) info(callIdentifier, "emergency-CallId");
    if (incidentIdentifier !== null && !has("emergency-incidentid", "nena-incidentid")) {
      info(incidentIdentifier, "emergency-IncidentId");
    }
    if (sourceIdentifier !== null) info(`${sourceIdentifier}@${host}`, "emergency-source");
    setPriority(invite, headers);
    if (!headerValues(invite, "Supported").some((tag) => tag.toLowerCase() === "replaces")) {
      headers.append("Supported", "replaces");
    }
  });
}

/** Purposes of the Call-Info values, lower case. */
function purposesOf(message: SipMessage): ReadonlySet<string> {
  return new Set(
    headerAddresses(message, "Call-Info").map(({ params }) => (getParameter(params, "purpose") ?? "").toLowerCase()),
  );
}

/**
 * A value of the namespace that is none of its priorities is replaced, and what is no value at all goes (NENA-STA-010.3 §4.2.1.5); other namespaces are
 * not ours (RFC 4412 §4.6.2).
 */
function setPriority(invite: SipMessage, headers: HeaderEdit): void {
  const values = headerValues(invite, "Resource-Priority");
  const kept = values.filter((value) => ESNET.test(value) || (PRIORITY_VALUE.test(value) && !/^esnet\./i.test(value)));
  if (kept.length === values.length && kept.some((value) => ESNET.test(value))) return;
  const priorities = kept.some((value) => ESNET.test(value)) ? kept : [...kept, DEFAULT_PRIORITY];
  headers.set("Resource-Priority", priorities.join(", "));
}
