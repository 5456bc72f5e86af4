import { addBody, parseNameAddr, unicodeOf, withHeaders, type SipMessage } from "@tandem/sip";
import { privacyAsked } from "../../call/headers/passing.ts";
import { defaultServiceDescription } from "../../topology/emergency-defaults.ts";
import type { EmergencyProvider } from "../../topology/emergency-plan.ts";
import { dataProviderReference, providerInfo } from "../location/provider-info.ts";
import { xmlElement } from "../location/xml-text.ts";
import { boundaryFor, contentIdFor, partOf } from "./body-parts.ts";
import type { EmergencyInviteParts, NamedPlace } from "./invite-parts.ts";

interface DescribedParts extends EmergencyInviteParts {
  readonly provider: EmergencyProvider;
}

/**
 * The message with what is known of call, service and subscriber (RFC 7852 §4): blocks by value, each named by a Call-Info header. Blocks that others
 * added stay; whoever adds one adds ProviderInfo, too.
 */
export function addAdditionalData(invite: SipMessage, parts: DescribedParts, place: NamedPlace): SipMessage {
  const { provider } = parts;
  const blocks: readonly (readonly [string, string])[] = [
    ["ProviderInfo", providerInfo(provider)],
    ["ServiceInfo", serviceInfo(provider)],
    ["SubscriberInfo", subscriberInfo(invite, parts)],
  ];
  let message = invite;
  for (const [name, block] of blocks) {
    const contentId = contentIdFor(name.toLowerCase(), message, place);
    const part = partOf(`application/EmergencyCallData.${name}+xml`, contentId, document(block));
    message = withHeaders(addBody(message, part, boundaryFor(place)), (headers) => {
      headers.append("Call-Info", `<cid:${contentId}>;purpose=EmergencyCallData.${name}`);
    });
  }
  return message;
}

function document(block: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\r\n${block}\r\n`;
}

/** RFC 7852 §4.2: what service the callers have, as the topology says. */
function serviceInfo(provider: EmergencyProvider): string {
  const { environment, type, mobility } = provider.service ?? defaultServiceDescription;
  const elements = [
    xmlElement("DataProviderReference", dataProviderReference(provider)),
    xmlElement("ServiceEnvironment", environment),
    xmlElement("ServiceType", type),
    xmlElement("ServiceMobility", mobility),
  ];
  return `<EmergencyCallData.ServiceInfo xmlns="urn:ietf:params:xml:ns:EmergencyCallData:ServiceInfo">${elements.join("")}</EmergencyCallData.ServiceInfo>`;
}

/** RFC 7852 §4.4: who calls, as far as the INVITE says, as an xCard (RFC 6351). */
function subscriberInfo(invite: SipMessage, { provider, preparation, callingNumber }: DescribedParts): string {
  const number = preparation.callbackNumber === "" ? callingNumber : preparation.callbackNumber;
  const name = displayNameOf(invite);
  const card = [
    `<fn>${xmlElement("text", name === "" ? number : name) || "<text/>"}</fn>`,
    number === "" ? "" : `<tel>${xmlElement("uri", `tel:${number}`)}</tel>`,
  ];
  const elements = [
    xmlElement("DataProviderReference", dataProviderReference(provider)),
    `<SubscriberData><vcard xmlns="urn:ietf:params:xml:ns:vcard-4.0">${card.join("")}</vcard></SubscriberData>`,
  ];
  return `<EmergencyCallData.SubscriberInfo xmlns="urn:ietf:params:xml:ns:EmergencyCallData:SubscriberInfo" privacyRequested="${String(privacyAsked(invite.headers))}">${elements.join("")}</EmergencyCallData.SubscriberInfo>`;
}

/** The caller's name as people write it. */
function displayNameOf(invite: SipMessage): string {
  return unicodeOf(parseNameAddr(invite.get("From") ?? "")?.displayName ?? "").trim();
}
