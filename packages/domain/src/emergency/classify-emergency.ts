import { dialledNumber } from "../numbering/dialled-number.ts";
import type { UriFacts } from "../routing/decision.ts";
import type { EmergencyNumber } from "../topology/emergency-plan.ts";

/** What a request is. `number` is the dial string to send; null when a test call finds no test number in the topology. */
export type EmergencyClass =
  | { readonly kind: "ordinary" }
  | { readonly kind: "emergency"; readonly service: string; readonly test: boolean; readonly number: string | null };

/** The emergency numbers of a topology, ready for lookup. */
export interface EmergencyIndex {
  readonly byDial: ReadonlyMap<string, EmergencyNumber>;
  readonly numbers: readonly EmergencyNumber[];
}

/** What is dialled besides the number: the external access prefixes that may stand before it. */
export type AccessPrefixes = readonly string[];

const sos = "urn:service:sos";
const testSos = "urn:service:test.sos";
const ordinary: EmergencyClass = { kind: "ordinary" };

/** Recognised everywhere when the request itself says `Priority: emergency`, whatever the topology lists (3GPP TS 22.101 §10.1.1). */
const universalNumbers: ReadonlySet<string> = new Set(["112", "911"]);

/**
 * Dial strings and masks for lookup. On a collision the first one in the document wins, a real number before a test number, and `numbers` before
 * `further`.
 */
export function indexEmergencyNumbers(
  numbers: readonly EmergencyNumber[],
  further: readonly EmergencyNumber[] = [],
): EmergencyIndex {
  const byDial = new Map<string, EmergencyNumber>();
  const ordered = [...realFirst(numbers), ...realFirst(further)];
  for (const number of ordered) {
    for (const dial of [number.dial, ...number.masks]) if (!byDial.has(dial)) byDial.set(dial, number);
  }
  return { byDial, numbers: ordered };
}

function realFirst(numbers: readonly EmergencyNumber[]): readonly EmergencyNumber[] {
  return [...numbers.filter((number) => !number.test), ...numbers.filter((number) => number.test)];
}

/** The number that means "an emergency", where no more is known: the first real one for the general service. */
export function generalNumber({ numbers }: EmergencyIndex): string {
  const real = numbers.filter((number) => !number.test);
  return (real.find((number) => number.service === undefined) ?? real[0])?.dial ?? "911";
}

/**
 * Recognises an emergency call, exactly: the whole number is a dial string or mask, with or without `+`, visual separators or an external access
 * prefix, in a SIP or tel URI with or without phone-context (RFC 6881 SP-2, RFC 4967); or the Request-URI is `urn:service:sos`, its child, or the
 * test service (RFC 5031, RFC 6881 §15). `Priority: emergency` alone makes no number an emergency number: anybody may write it. Whether it marks the
 * call of a trusted peer is `decide`'s question.
 */
export function classifyEmergency(
  uri: UriFacts,
  priorityHeader: string | null,
  index: EmergencyIndex,
  prefixes: AccessPrefixes,
): EmergencyClass {
  if (uri.scheme === "urn") return classifyService(uri.user, index);
  if (uri.scheme === "other") return ordinary;
  // A number without a host stands in the host's place, which no number can be (RFC 3261 §25.1: a toplabel begins with a letter). What has dots there is an address.
  const written = uri.user === "" && !uri.host.includes(".") ? uri.host : uri.user;
  const dialled = dialledNumber({ ...uri, user: written.split(";", 1)[0] ?? "" });
  for (const candidate of candidates(dialled, prefixes)) {
    const listed = index.byDial.get(candidate);
    if (listed !== undefined) return ofNumber(listed);
    if (universalNumbers.has(candidate) && priorityHeader?.trim().toLowerCase() === "emergency") {
      return { kind: "emergency", service: sos, test: false, number: candidate };
    }
  }
  return ordinary;
}

/** As `classifyEmergency` for a bare number, as a dial plan leaves it. */
export function classifyEmergencyNumber(number: string, index: EmergencyIndex): EmergencyClass {
  const listed = index.byDial.get(number.startsWith("+") ? number.slice(1) : number);
  return listed === undefined ? ordinary : ofNumber(listed);
}

function candidates(dialled: string, prefixes: AccessPrefixes): readonly string[] {
  const plain = dialled.startsWith("+") ? dialled.slice(1) : dialled;
  const inside = prefixes.filter((prefix) => prefix !== "" && plain.startsWith(prefix));
  return [plain, ...inside.map((prefix) => plain.slice(prefix.length))];
}

function ofNumber(listed: EmergencyNumber): EmergencyClass {
  const service = listed.service ?? (listed.test ? testSos : sos);
  return { kind: "emergency", service, test: listed.test, number: listed.dial };
}

function classifyService(urn: string, index: EmergencyIndex): EmergencyClass {
  // RFC 8141 §2.3: r-, q- and f-components are no part of the name; neither is what some peers write after `;`.
  const [written = ""] = urn.trim().toLowerCase().split(/[;?#]/, 1);
  const service = written.startsWith("urn:") ? written : `urn:${written}`;
  const test = isSelfOrChild(service, testSos);
  if (!test && !isSelfOrChild(service, sos)) return ordinary;
  const number = numberOfService(service, test, index);
  // An emergency service always has a number to dial, even in a topology that lists none.
  return { kind: "emergency", service, test, number: number ?? (test ? null : "911") };
}

function isSelfOrChild(service: string, parent: string): boolean {
  return service === parent || service.startsWith(`${parent}.`);
}

/** The number listed for the service, or for its nearest parent (RFC 5031 §3), or the first one of its kind. */
function numberOfService(service: string, test: boolean, index: EmergencyIndex): string | null {
  const kin = index.numbers.filter((number) => number.test === test);
  for (let name = service; name.length > sos.length; name = name.slice(0, name.lastIndexOf("."))) {
    const listed = kin.find((number) => number.service?.toLowerCase() === name);
    if (listed !== undefined) return listed.dial;
    if (!name.includes(".")) break;
  }
  return (kin.find((number) => number.service === undefined) ?? kin[0])?.dial ?? null;
}
