import { bssidKeys, lisKey, subnetKeys, type LisKey, type LisKind } from "./lis-key.ts";

/** What is known of where a caller is connected. Absent: not known. */
export interface LocateQuery {
  /** Access point (IEEE 802.11 BSSID). */
  readonly bssid?: string;
  /** Switch and its port, as LLDP names them. */
  readonly chassis?: string;
  readonly port?: string;
  /** The caller's network address. */
  readonly address?: string;
  /** The caller's own hardware address. */
  readonly mac?: string;
  /** Calling number as received, and further numbers that name the same phone (P-Asserted-Identity, extension). */
  readonly numbers?: readonly string[];
}

/** Most numbers looked for. */
const MAX_NUMBERS = 4;

/** The keys to look for, in the order in which the first one that exists is the answer. Nothing of an identifier that cannot be read. */
export function lisCandidates(query: LocateQuery): readonly LisKey[] {
  const { bssid, chassis, port, address, mac, numbers = [] } = query;
  return [
    ...(bssid === undefined ? [] : bssidKeys(bssid)),
    ...(chassis === undefined || port === undefined ? [] : one("port", `${chassis}|${port}`)),
    ...(chassis === undefined ? [] : one("chassis", chassis)),
    ...(address === undefined ? [] : subnetKeys(address)),
    ...(mac === undefined ? [] : one("mac", mac)),
    ...numbers.slice(0, MAX_NUMBERS).flatMap(numberKeys),
  ];
}

/** A number counts with and without `+`: cores write it either way. */
function numberKeys(number: string): readonly LisKey[] {
  const other = number.startsWith("+") ? number.slice(1) : `+${number}`;
  return [...one("number", number), ...one("number", other)];
}

function one(kind: LisKind, text: string): readonly LisKey[] {
  const key = lisKey(kind, text);
  return key === null ? [] : [key];
}
