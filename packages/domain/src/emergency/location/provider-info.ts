import type { EmergencyProvider } from "../../topology/emergency-plan.ts";
import { xmlElement } from "./xml-text.ts";

/** One name per provider: every block it adds carries it, so that a receiver knows that they belong together (RFC 7852 §4.1.1). */
export function dataProviderReference(provider: EmergencyProvider): string {
  return `${(provider.id ?? "provider").replace(/[^\w.-]+/g, "-")}@${provider.fqdn}`;
}

/** The ProviderInfo block (RFC 7852 §4.1), without XML declaration. */
export function providerInfo(provider: EmergencyProvider): string {
  const elements = [
    xmlElement("DataProviderReference", dataProviderReference(provider)),
    xmlElement("DataProviderString", provider.organization),
    xmlElement("ProviderID", provider.id),
    xmlElement("ProviderIDSeries", provider.id === null ? "" : seriesOf(provider.id)),
    // An enterprise's own system is the client's side of the access provider (RFC 7852 §4.1.5).
    xmlElement("TypeOfProvider", "Client"),
    xmlElement("ContactURI", provider.contact),
  ];
  return `<EmergencyCallData.ProviderInfo xmlns="urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo">${elements.join("")}</EmergencyCallData.ProviderInfo>`;
}

/** RFC 7852 §4.1.4: a domain name is an identifier of its own series; anything else is taken for one of NENA's. */
function seriesOf(id: string): string {
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(id) ? "domain" : "NENA";
}
