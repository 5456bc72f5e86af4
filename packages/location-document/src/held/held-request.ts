import { xmlElement, xmlText, type LocateQuery } from "@tandem/domain";
import { err, ok, type Result } from "@tandem/domain";
import type { Element } from "@xmldom/xmldom";
import { elementsNamed, textOf, xmlRoot } from "../xml-document.ts";
import type { HeldError } from "./held-answer.ts";

/** A `locationRequest` (RFC 5985 §6.1), with the identifiers of RFC 6155 and RFC 7105 that a location database can use. */
export interface HeldRequest {
  /** Whom it is about; empty: the one who asks, found by its address. */
  readonly device: LocateQuery;
  /** It names a device, though perhaps by nothing that is known here. */
  readonly namesDevice: boolean;
  /** Types asked for, lower case; empty: any. */
  readonly types: readonly string[];
  /** Only those types are wanted. */
  readonly exact: boolean;
}

/** Types of `locationType` that a civic address satisfies. */
const CIVIC_TYPES: ReadonlySet<string> = new Set(["any", "civic"]);

/** Whether a civic address may be the answer. */
export function wantsCivic({ types, exact }: HeldRequest): boolean {
  return !exact || types.length === 0 || types.some((type) => CIVIC_TYPES.has(type));
}

/** Reads a request body as it came. */
export function readHeldRequest(octets: string): Result<HeldRequest, HeldError> {
  const root = xmlRoot(octets);
  if (root === null) return err({ code: "xmlError", message: "the request is not well-formed XML" });
  if (root.localName !== "locationRequest") {
    return err({ code: "unsupportedMessage", message: "only locationRequest is understood" });
  }
  const type = elementsNamed(root, "locationType")[0];
  const device = elementsNamed(root, "device")[0];
  return ok({
    device: deviceIn(root),
    namesDevice: device !== undefined || elementsNamed(root, "measurements").length > 0,
    types: textOf(type).toLowerCase().split(/\s+/).filter(Boolean),
    exact: type?.getAttribute("exact") === "true" || type?.getAttribute("exact") === "1",
  });
}

function deviceIn(root: Element): LocateQuery {
  const first = (name: string): string => textOf(elementsNamed(root, name)[0]);
  const [bssid, chassis, port, address, mac] = ["bssid", "chassis", "port", "ip", "mac"].map(first);
  const numbers = [first("msisdn"), ...elementsNamed(root, "uri").map((uri) => numberOfUri(textOf(uri)))];
  return {
    ...given("bssid", bssid),
    ...given("chassis", chassis),
    ...given("port", port),
    ...given("address", address),
    ...given("mac", mac),
    ...(numbers.some(Boolean) ? { numbers: numbers.filter(Boolean) } : {}),
  };
}

/** The number in a `tel:` or `sip:` URI; empty for another. */
function numberOfUri(uri: string): string {
  return /^(?:tel|sips?):([^@;?]+)/i.exec(uri)?.[1] ?? "";
}

function given<K extends string>(key: K, text: string | undefined): Partial<Record<K, string>> {
  return text === undefined || text === "" ? {} : ({ [key]: text } as Record<K, string>);
}

/** A `locationRequest` for somebody else's location, to be asked of another server. `responseTimeMs`: how long the answer is waited for. */
export function composeHeldRequest(device: LocateQuery, responseTimeMs: number): string {
  const address = device.address;
  const family = address?.includes(":") === true ? "6" : "4";
  const identity = [
    address === undefined ? "" : `<ip v="${family}">${xmlText(address)}</ip>`,
    xmlElement("mac", device.mac),
    ...(device.numbers ?? []).map((number) => xmlElement("uri", `tel:${number}`)),
  ].join("");
  const switchPort = xmlElement("chassis", device.chassis) + xmlElement("port", device.port);
  const measured = [
    switchPort === "" ? "" : `<lldp xmlns="urn:ietf:params:xml:ns:geopriv:lm:lldp">${switchPort}</lldp>`,
    device.bssid === undefined
      ? ""
      : `<wifi xmlns="urn:ietf:params:xml:ns:geopriv:lm:wifi"><servingWap><bssid>${xmlText(device.bssid)}</bssid></servingWap></wifi>`,
  ].join("");
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\r\n',
    `<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held" responseTime="${Math.round(responseTimeMs)}">`,
    '<locationType exact="false">civic</locationType>',
    identity === "" ? "" : `<device xmlns="urn:ietf:params:xml:ns:geopriv:held:id">${identity}</device>`,
    measured === "" ? "" : `<measurements xmlns="urn:ietf:params:xml:ns:geopriv:lm">${measured}</measurements>`,
    "</locationRequest>\r\n",
  ].join("");
}
