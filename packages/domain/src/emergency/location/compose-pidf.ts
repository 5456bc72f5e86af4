import { civicElement, civicFields, type CivicAddress } from "./civic-address.ts";
import type { EmergencyProvider } from "../../topology/emergency-plan.ts";
import { providerInfo } from "./provider-info.ts";
import { xmlElement, xmlText } from "./xml-text.ts";

/** The conference a provider is to set up with the security desk, in the extension of the product class. */
export interface ProviderConference {
  readonly uri: string;
  readonly mode: "oneway" | "twoway";
}

export interface PidfParts {
  /** Whom the location is of: a URI. */
  readonly entity: string;
  readonly civic: CivicAddress;
  /** `Default` for a site's own address, `LIS` for a published row; null: not said. */
  readonly method: string | null;
  /** Who put it in; null: nobody says. */
  readonly provider: EmergencyProvider | null;
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly conference?: ProviderConference | null;
}

/** How long a receiver may keep it: the default of RFC 4119 §2.2.2 is a day. */
const RETENTION_MS = 86_400_000;

const NAMESPACES = [
  'xmlns="urn:ietf:params:xml:ns:pidf"',
  'xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"',
  'xmlns:gbp="urn:ietf:params:xml:ns:pidf:geopriv10:basicPolicy"',
  'xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"',
].join(" ");

/**
 * A location document with a civic address (RFC 4119 §2.2, RFC 5139), in ASCII. One tuple with one geopriv, the shape every receiver reads; a location
 * may be passed on (`retransmission-allowed`), or nobody behind the next hop could be told.
 */
export function composePidf(parts: PidfParts): string {
  const stamp = new Date(parts.atMs).toISOString();
  const provided =
    parts.provider === null
      ? ""
      : // RFC 7852 §6.3: data about the location's provider, by value, inside provided-by.
        `<gp:provided-by><EmergencyCallDataValue xmlns="urn:ietf:params:xml:ns:EmergencyCallData">${providerInfo(parts.provider)}</EmergencyCallDataValue></gp:provided-by>`;
  return [
    `<?xml version="1.0" encoding="UTF-8"?>\r\n<presence ${NAMESPACES} entity="${xmlText(parts.entity)}">`,
    `<tuple id="loc"><status><gp:geopriv><gp:location-info>${civicXml(parts.civic)}</gp:location-info>`,
    "<gp:usage-rules><gbp:retransmission-allowed>true</gbp:retransmission-allowed>",
    `<gbp:retention-expiry>${new Date(parts.atMs + RETENTION_MS).toISOString()}</gbp:retention-expiry></gp:usage-rules>`,
    `${xmlElement("gp:method", parts.method ?? undefined)}${provided}${conferenceXml(parts.conference ?? null)}`,
    `</gp:geopriv></status><timestamp>${stamp}</timestamp></tuple></presence>\r\n`,
  ].join("");
}

function civicXml(civic: CivicAddress): string {
  const elements = civicFields.map((field) => xmlElement(`ca:${civicElement(field)}`, civic[field]));
  return `<ca:civicAddress>${elements.join("")}</ca:civicAddress>`;
}

function conferenceXml(conference: ProviderConference | null): string {
  if (conference === null) return "";
  const elements = xmlElement("ConferenceUri", conference.uri) + xmlElement("ConferenceMode", conference.mode);
  return `<msftE911PidfExtn xmlns="urn:schema:Rtc.LIS.msftE911PidfExtn.2008">${elements}</msftE911PidfExtn>`;
}
