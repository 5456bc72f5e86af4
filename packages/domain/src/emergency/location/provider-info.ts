import type { EmergencyProvider } from "../../topology/emergency-plan.ts";
import { xmlElement } from "./xml-text.ts";

/** One name per provider: every block it adds carries it, so that a receiver knows that they belong together (RFC 7852 §4). */
export function dataProviderReference(provider: EmergencyProvider): string {
  return `${(provider.id ?? "provider").replace(/[^\w.-]+/g, "-")}@${provider.fqdn}`;
}

/** The ProviderInfo block (RFC 7852 §4.1), without XML declaration. */
export function providerInfo(provider: EmergencyProvider): string {
  // RFC 7852 §4.1.2, §4.1.3: whoever is not the calling device must have an identifier; our domain name is one.
  const id = provider.id ?? provider.fqdn;
  const elements = [
    xmlElement("DataProviderReference", dataProviderReference(provider)),
    xmlElement("DataProviderString", provider.organization),
    xmlElement("ProviderID", registered(id)),
    xmlElement("ProviderIDSeries", seriesOf(id)),
    // RFC 7852 §4.1.4: `Client` is the calling device itself; an enterprise's own system gives telephone service to it.
    xmlElement("TypeOfProvider", "Telecom Provider"),
    xmlElement("ContactURI", provider.contact),
  ];
  return `<EmergencyCallData.ProviderInfo xmlns="urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo">${elements.join("")}</EmergencyCallData.ProviderInfo>`;
}

/** RFC 7852 §4.1.2: a NENA company id goes as a URN. */
function registered(id: string): string {
  return seriesOf(id) === "domain" || /^urn:/i.test(id) ? id : `urn:nena:companyid:${id}`;
}

/** RFC 7852 §4.1.3: a domain name is an identifier of its own series; anything else is taken for one of NENA's. */
function seriesOf(id: string): string {
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(id) ? "domain" : "NENA";
}
