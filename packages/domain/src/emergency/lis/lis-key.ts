import { parseIpAddress, parseIpBlock, type IpAddress } from "../../routing/ip-address.ts";

/**
 * What a row of the location database is found by, strongest first: the access point a phone is on, the port of a switch, the switch, the subnet, the
 * phone's own hardware address, and the calling number for phones that never move.
 */
const LIS_KINDS = ["bssid", "port", "chassis", "subnet", "mac", "number"] as const;

export type LisKind = (typeof LIS_KINDS)[number];

/** A row's key as it is stored: `<kind>:<canonical text>`. Two spellings of one thing are one key. */
export type LisKey = `${LisKind}:${string}`;

/** Longest identifier of a chassis or port (RFC 7105 §5.1: LLDP has 255 octets). */
const MAX_TEXT = 255;

/** Fewest hexadecimal digits before the `*` of a BSSID: the manufacturer's prefix. */
const MIN_BSSID_DIGITS = 6;

/** Canonical hardware address: 12 hexadecimal digits, lower case; null for anything else. Any of `:`, `-`, `.` may separate them. */
export function canonicalMac(text: string): string | null {
  const digits = text.trim().replace(/[:.-]/g, "").toLowerCase();
  return /^[0-9a-f]{12}$/.test(digits) ? digits : null;
}

/** BSSID, or the beginning of one followed by `*` for all radios of an access point; null for anything else. */
function canonicalBssid(text: string): string | null {
  const stars = /\*[*:.-]*$/.exec(text.trim());
  if (stars === null) return canonicalMac(text);
  const digits = text.trim().slice(0, stars.index).replace(/[:.-]/g, "").toLowerCase();
  const fits = /^[0-9a-f]*$/.test(digits) && digits.length >= MIN_BSSID_DIGITS && digits.length < 12;
  return fits ? `${digits}*` : null;
}

/** An LLDP identifier: a hardware address in its canonical form, anything else in lower case. */
function canonicalIdentifier(text: string): string | null {
  const bare = text.trim();
  if (bare === "" || bare.length > MAX_TEXT || /[\x00-\x1f|]/.test(bare)) return null;
  return canonicalMac(bare) ?? bare.toLowerCase();
}

function canonicalSubnet(text: string): string | null {
  const block = parseIpBlock(text.trim());
  return block === null ? null : `${addressText(block)}/${block.prefixLength}`;
}

/** A calling number or extension without separators; `+` counts. */
function canonicalNumber(text: string): string | null {
  const bare = text.trim().replace(/[\s().-]/g, "");
  return /^\+?[\d*#]{1,20}$/.test(bare) ? bare : null;
}

/** The key of one identifier; null when it is not what its kind needs. A port's text is `<chassis>|<port>`. */
export function lisKey(kind: LisKind, text: string): LisKey | null {
  const canonical = CANONICAL[kind](text);
  return canonical === null ? null : `${kind}:${canonical}`;
}

const CANONICAL: Readonly<Record<LisKind, (text: string) => string | null>> = {
  bssid: canonicalBssid,
  port: (text) => {
    const bar = text.indexOf("|");
    const chassis = canonicalIdentifier(text.slice(0, Math.max(bar, 0)));
    const port = canonicalIdentifier(text.slice(bar + 1));
    return chassis === null || port === null ? null : `${chassis}|${port}`;
  },
  chassis: canonicalIdentifier,
  subnet: canonicalSubnet,
  mac: canonicalMac,
  number: canonicalNumber,
};

/** Reads a stored key back; null for what is none. */
export function parseLisKey(text: string): { readonly kind: LisKind; readonly value: string } | null {
  const colon = text.indexOf(":");
  const kind = LIS_KINDS.find((each) => each === text.slice(0, colon));
  if (kind === undefined) return null;
  const value = text.slice(colon + 1);
  return lisKey(kind, value) === text ? { kind, value } : null;
}

/** Keys of every subnet that holds the address, longest prefix first. */
export function subnetKeys(text: string): readonly LisKey[] {
  const address = parseIpAddress(text);
  if (address === null) return [];
  const keys: LisKey[] = [];
  for (let length = address.bits; length >= 0; length -= 1) {
    const free = BigInt(address.bits - length);
    const value = (address.value >> free) << free;
    keys.push(`subnet:${addressText({ bits: address.bits, value })}/${length}`);
  }
  return keys;
}

/** Keys of a BSSID: itself, then ever shorter beginnings. */
export function bssidKeys(text: string): readonly LisKey[] {
  const digits = canonicalMac(text);
  if (digits === null) return [];
  const keys: LisKey[] = [`bssid:${digits}`];
  for (let length = 11; length >= MIN_BSSID_DIGITS; length -= 1) keys.push(`bssid:${digits.slice(0, length)}*`);
  return keys;
}

/** IPv4 in dotted form; IPv6 in eight full groups, which is fast to make and the same for every spelling. */
function addressText({ bits, value }: IpAddress): string {
  if (bits === 32) {
    const number = Number(value);
    return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
  }
  const digits = value.toString(16).padStart(32, "0");
  return (digits.match(/.{4}/g) ?? []).join(":");
}
