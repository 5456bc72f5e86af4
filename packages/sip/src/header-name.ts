import { codeAt } from "./characters.ts";
/** Header fields with an interned id, each with its compact form if the IANA registry gives one. */
const KNOWN_HEADERS: readonly (readonly [name: string, compact?: string])[] = [
  ["Via", "v"],
  ["From", "f"],
  ["To", "t"],
  ["Call-ID", "i"],
  ["CSeq"],
  ["Contact", "m"],
  ["Max-Forwards"],
  ["Route"],
  ["Record-Route"],
  ["Content-Type", "c"],
  ["Content-Length", "l"],
  ["Content-Encoding", "e"],
  ["Content-Disposition"],
  ["Content-Language"],
  ["Content-ID"],
  ["MIME-Version"],
  ["Supported", "k"],
  ["Require"],
  ["Proxy-Require"],
  ["Unsupported"],
  ["Allow"],
  ["Allow-Events", "u"],
  ["Accept"],
  ["Accept-Contact", "a"],
  ["Accept-Encoding"],
  ["Accept-Language"],
  ["Accept-Resource-Priority"],
  ["Alert-Info"],
  ["Authentication-Info"],
  ["Authorization"],
  ["Call-Info"],
  ["Date"],
  ["Diversion"],
  ["Error-Info"],
  ["Event", "o"],
  ["Expires"],
  ["Feature-Caps"],
  ["Flow-Timer"],
  ["Geolocation"],
  ["Geolocation-Error"],
  ["Geolocation-Routing"],
  ["History-Info"],
  ["Identity", "y"],
  ["Info-Package"],
  ["In-Reply-To"],
  ["Join"],
  ["Min-Expires"],
  ["Min-SE"],
  ["Organization"],
  ["P-Access-Network-Info"],
  ["P-Asserted-Identity"],
  ["P-Charging-Vector"],
  ["P-Early-Media"],
  ["P-Preferred-Identity"],
  ["Path"],
  ["Priority"],
  ["Privacy"],
  ["Proxy-Authenticate"],
  ["Proxy-Authorization"],
  ["RAck"],
  ["Reason"],
  ["Recv-Info"],
  ["Refer-Sub"],
  ["Refer-To", "r"],
  ["Referred-By", "b"],
  ["Reject-Contact", "j"],
  ["Remote-Party-ID"],
  ["Replaces"],
  ["Reply-To"],
  ["Request-Disposition", "d"],
  ["Resource-Priority"],
  ["Retry-After"],
  ["RSeq"],
  ["Server"],
  ["Service-Route"],
  ["Session-Expires", "x"],
  ["Session-ID"],
  ["SIP-ETag"],
  ["SIP-If-Match"],
  ["Subject", "s"],
  ["Subscription-State"],
  ["Target-Dialog"],
  ["Timestamp"],
  ["User-Agent"],
  ["User-to-User"],
  ["Warning"],
  ["WWW-Authenticate"],
];

/** Ids are below this. */
export const HEADER_COUNT = KNOWN_HEADERS.length;

/** Id of a header that is not in the table; such headers are matched by name. */
const UNKNOWN_HEADER = -1;

const idsByName = new Map<string, number>();
const lowerNames: string[] = [];
const compactIds = new Int8Array(128).fill(UNKNOWN_HEADER);
const SLOTS = 1024;
const slots = new Int16Array(SLOTS).fill(UNKNOWN_HEADER);

/** One step of the hash over a name's lower-cased characters; `| 32` lower-cases ASCII letters and leaves `-` alone. */
export function hashStep(hash: number, code: number): number {
  return (Math.imul(hash, 31) + (code | 32)) | 0;
}

for (const [id, [name, compact]] of KNOWN_HEADERS.entries()) {
  const lower = name.toLowerCase();
  lowerNames.push(lower);
  idsByName.set(name, id);
  idsByName.set(lower, id);
  if (compact !== undefined) {
    idsByName.set(compact, id);
    idsByName.set(compact.toUpperCase(), id);
    compactIds[codeAt(compact, 0)] = id;
    compactIds[compact.toUpperCase().charCodeAt(0)] = id;
  }
  let hash = 0;
  for (let at = 0; at < lower.length; at++) hash = hashStep(hash, codeAt(lower, at));
  let slot = hash & (SLOTS - 1);
  while (slots[slot] !== UNKNOWN_HEADER) slot = (slot + 1) & (SLOTS - 1);
  slots[slot] = id;
}

/** Id of the header name `text[start, end)` whose `hashStep` hash is `hash`; reads the name in place, case-insensitively. */
export function headerIdAt(text: string, start: number, end: number, hash: number): number {
  if (end - start === 1) return compactIds[codeAt(text, start)] ?? UNKNOWN_HEADER;
  let slot = hash & (SLOTS - 1);
  let id = slots[slot] ?? UNKNOWN_HEADER;
  while (id !== UNKNOWN_HEADER) {
    const name = lowerNames[id];
    if (name !== undefined && name.length === end - start && equalsLower(text, start, name)) return id;
    slot = (slot + 1) & (SLOTS - 1);
    id = slots[slot] ?? UNKNOWN_HEADER;
  }
  return UNKNOWN_HEADER;
}

function equalsLower(text: string, start: number, lower: string): boolean {
  for (let at = 0; at < lower.length; at++) {
    if ((codeAt(text, start + at) | 32) !== codeAt(lower, at)) return false;
  }
  return true;
}

/** Interned id of a header name, long or compact, any case; `UNKNOWN_HEADER` for names outside the table. */
export function headerId(name: string): number {
  return idsByName.get(name) ?? idsByName.get(name.toLowerCase()) ?? UNKNOWN_HEADER;
}

/** The name as the RFCs write it (`i` and `call-id` give `Call-ID`); unknown names come back as given. */
export function canonicalHeaderName(name: string): string {
  return KNOWN_HEADERS[headerId(name)]?.[0] ?? name;
}

/** Ids used inside this package. */
export const HEADER_ID = {
  via: headerId("Via"),
  from: headerId("From"),
  to: headerId("To"),
  callId: headerId("Call-ID"),
  cseq: headerId("CSeq"),
  contentLength: headerId("Content-Length"),
  recordRoute: headerId("Record-Route"),
  timestamp: headerId("Timestamp"),
} as const;
