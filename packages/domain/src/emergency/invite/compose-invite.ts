import {
  bodyLeaves,
  headerAddresses,
  headerValues,
  withBody,
  withHeaders,
  withOnlyBody,
  type SipMessage,
} from "@tandem/sip";
import { addAdditionalData } from "./additional-data.ts";
import { addI3Headers } from "./i3-headers.ts";
import { assertIdentity } from "./identity.ts";
import { nameHost, type EmergencyInviteParts, type NamedPlace } from "./invite-parts.ts";
import { addLocation, withoutLocation } from "./location-part.ts";
import { withLegalVerstat } from "./verstat.ts";

/**
 * The INVITE of an attempt as its profile wants it. What the caller sent stays as it is, byte for byte and in order; things are added to it. Only what
 * the profile names is replaced (an ELIN instead of the number) or taken out (a trunk with `location: strip`).
 */
export function composeEmergencyInvite(invite: SipMessage, parts: EmergencyInviteParts): SipMessage {
  const { egress, preparation } = parts;
  const alone = egress.descriptionOnly === true;
  const place = { host: hostOf(parts), callId: parts.callId };
  const identified = assertIdentity(invite, parts);
  const whole = egress.location === "strip" ? withoutLocation(identified) : withLocation(identified, parts, place);
  const located = alone ? withDescriptionOnly(whole) : whole;
  const marked = egress.screening || preparation.test ? located : withPriority(located);
  if (egress.kind !== "i3") return marked;
  const described =
    preparation.provider === null || alone
      ? marked
      : addAdditionalData(marked, { ...parts, provider: preparation.provider }, place);
  return withLegalVerstat(addI3Headers(described, parts, place));
}

/** Nothing refers to the parts that are left out, either. */
function withDescriptionOnly(invite: SipMessage): SipMessage {
  const description = bodyLeaves(invite).find(({ mediaType }) => mediaType === "application/sdp");
  const alone = description === undefined ? withBody(invite, "") : withOnlyBody(invite, description);
  const calls = headerValues(alone, "Call-Info");
  const kept = calls.filter((value) => !/<\s*cid:/i.test(value));
  return kept.length === calls.length ? alone : withHeaders(alone, (headers) => headers.set("Call-Info", kept));
}

/** The provider's domain, else what peers are told to call us by. */
function hostOf({ preparation, profile }: EmergencyInviteParts): string {
  return preparation.provider?.fqdn ?? nameHost(profile);
}

function withLocation(
  invite: SipMessage,
  { preparation, egress }: EmergencyInviteParts,
  place: NamedPlace,
): SipMessage {
  // What says the caller's own location again does so for a conference that only this profile has.
  const needless = preparation.location.kind === "value" && egress.kind !== "pidf-lo";
  const addedLocation = needless ? null : preparation.addedLocation;
  // RFC 6442 §4.1 wants an added location last; NENA-STA-010.3 §4.2.1.7 wants it first.
  const position = egress.kind === "i3" ? "first" : "last";
  const located = addedLocation === null ? invite : addLocation(invite, { pidf: addedLocation, position }, place);
  const speaksLocation = egress.kind === "i3" || egress.kind === "pidf-lo";
  return speaksLocation && conveysLocation(located) ? withLocationHeaders(located) : located;
}

function conveysLocation(message: SipMessage): boolean {
  return (
    headerAddresses(message, "Geolocation").length > 0 ||
    bodyLeaves(message).some(({ mediaType }) => mediaType === "application/pidf+xml")
  );
}

/** RFC 6442 §4.2, §4.5: what the caller says of routing stands; where it says nothing, an emergency call is to be routed by its location. */
function withLocationHeaders(message: SipMessage): SipMessage {
  const hasRouting = message.has("Geolocation-Routing");
  const supports = headerValues(message, "Supported").some((tag) => tag.toLowerCase() === "geolocation");
  if (hasRouting && supports) return message;
  return withHeaders(message, (headers) => {
    if (!hasRouting) headers.append("Geolocation-Routing", "yes");
    if (!supports) headers.append("Supported", "geolocation");
  });
}

/** Servers and gateways of the product class know an emergency call by its Priority (RFC 3261 §20.26). */
function withPriority(message: SipMessage): SipMessage {
  if (message.get("Priority")?.trim().toLowerCase() === "emergency") return message;
  return withHeaders(message, (headers) => headers.set("Priority", "emergency"));
}
