import { canonicalHeaderName, type HeaderLine, type SipMessage } from "@tandem/sip";
import type { LegProfile } from "../leg-profile.ts";
import { hideHosts, namesHost, renameHosts } from "./hidden-hosts.ts";
import { filterMethods, filterOptions } from "./options.ts";

/**
 * What becomes of a header on its way to the other leg.
 * `own`: each leg has its own, made anew or left out. `equipment`: names the sender's software or hosts, dropped. `credentials`: holds between
 * neighbours only, dropped. `identity`, `history`, `diversion`: by the flags of the trunk it goes to, hosts hidden. `trust`: network-internal,
 * passes to trusted peers only. `pages`: addresses of pages, pictures and tones; where they are in the sender's network, they pass to trusted peers only. `location-error`: an answer to whoever put the location in. `naming`: passes with hidden hosts. `options`, `methods`: filtered to what works end to end.
 * Headers not listed pass byte for byte and in order.
 */
type Passing =
  | "own"
  | "equipment"
  | "credentials"
  | "identity"
  | "history"
  | "diversion"
  | "trust"
  | "pages"
  | "location-error"
  | "naming"
  | "options"
  | "methods";

const TABLE: ReadonlyMap<string, Passing> = new Map<string, Passing>(
  Object.entries({
    own: [
      "Via",
      "From",
      "To",
      "Call-ID",
      "CSeq",
      "Contact",
      "Max-Forwards",
      "Route",
      "Record-Route",
      "Content-Length",
      // Reliability and session timers are each leg's own (RFC 3262, RFC 4028).
      "RSeq",
      "RAck",
      "Session-Expires",
      "Min-SE",
      // Names of dialogs (RFC 3891, 3911, 4538, RFC 3261 §20.21): a Call-ID or tag of one leg means nothing on the other.
      "Replaces",
      "Join",
      "Target-Dialog",
      "In-Reply-To",
      "Max-Breadth",
      "Timestamp",
      "Path",
      "Service-Route",
      "Refer-To",
      "Tandem-Path",
    ],
    equipment: ["Server", "User-Agent", "Organization", "Warning"],
    credentials: [
      "Authorization",
      "WWW-Authenticate",
      "Proxy-Authorization",
      "Proxy-Authenticate",
      "Authentication-Info",
      "Proxy-Authentication-Info",
      "Proxy-Require",
      "Security-Client",
      "Security-Server",
      "Security-Verify",
      "Flow-Timer",
      "P-Preferred-Identity",
    ],
    identity: ["P-Asserted-Identity", "Remote-Party-ID"],
    history: ["History-Info"],
    diversion: ["Diversion"],
    trust: ["P-Charging-Vector", "P-Charging-Function-Addresses", "P-Access-Network-Info", "P-Visited-Network-ID"],
    pages: ["Call-Info", "Alert-Info", "Error-Info"],
    "location-error": ["Geolocation-Error"],
    naming: ["Referred-By", "Reply-To", "P-Called-Party-ID"],
    options: ["Supported", "Require"],
    methods: ["Allow"],
  } satisfies Record<Passing, readonly string[]>).flatMap(([passing, names]) =>
    names.map((name): [string, Passing] => [name.toLowerCase(), passing as Passing]),
  ),
);

/** From which leg to which a message goes, and what is special about it. */
export interface Way {
  readonly to: LegProfile;
  /** Hosts of the sender's network. Asked for only when a header needs it. */
  readonly hidden: () => readonly string[];
  readonly emergency: boolean;
  /** The calling side's identity is withheld by the route (identity headers stay behind). */
  readonly suppressIdentity: boolean;
  /** The location that went to the sender is ours: what is wrong with it is not the other leg's business (RFC 6442 §4.3). */
  readonly locationIsOurs?: boolean;
  /** Option tags that this leg settles by itself (`100rel`, `timer`): left out of Supported and Require. */
  readonly settled: ReadonlySet<string>;
}

/** The header lines of a message that go on to the other leg, in order, names as written. */
export function passingHeaders(lines: readonly HeaderLine[], way: Way): HeaderLine[] {
  const passed: HeaderLine[] = [];
  let hidden: ReadonlySet<string> | null = null;
  for (const line of lines) {
    const [name, value] = line;
    const passing = passingOf(name);
    if (passing === undefined) passed.push(line);
    else if (passing === "options") pushFiltered(passed, name, filterOptions(value, way.settled));
    else if (passing === "methods") pushFiltered(passed, name, filterMethods(value, way.to.refer === "refuse"));
    else if (passing === "pages") {
      if (way.to.trusted || way.emergency || !namesHost(value, (hidden ??= new Set(way.hidden())))) passed.push(line);
    } else if (mayPass(passing, lines, way)) {
      const { contactHost } = way.to;
      hidden ??= new Set(way.hidden());
      passed.push([
        name,
        isRenamed(passing, way) ? renameHosts(value, contactHost) : hideHosts(value, hidden, contactHost),
      ]);
    }
  }
  return passed;
}

/** The lines of a message that may pass to some leg: what is kept of an INVITE for the attempts still to come. */
export function passableLines(message: SipMessage): readonly HeaderLine[] {
  let typed = false;
  return message.headers.filter(([name]) => {
    const passing = passingOf(name);
    if (passing === undefined && canonicalHeaderName(name) === "Content-Type") {
      // Of several (RFC 3261 §7.3.1 allows one) the first counts, as when it is read.
      if (typed) return false;
      typed = true;
    }
    return passing !== "own" && passing !== "equipment" && passing !== "credentials";
  });
}

/**
 * Whoever is outside our trust domain (RFC 3325 §2.4) hears the identities, and not whose network they are of: names of hosts tell that as well as addresses do. A call
 * taker is told all there is.
 */
function isRenamed(passing: Passing, { to, emergency }: Way): boolean {
  return !to.trusted && !emergency && (passing === "identity" || passing === "history" || passing === "diversion");
}

function passingOf(name: string): Passing | undefined {
  return TABLE.get(canonicalHeaderName(name).toLowerCase());
}

function pushFiltered(passed: HeaderLine[], name: string, value: string): void {
  if (value !== "") passed.push([name, value]);
}

function mayPass(passing: Passing, lines: readonly HeaderLine[], way: Way): boolean {
  switch (passing) {
    case "naming":
      return true;
    case "identity":
      return identityPasses(lines, way);
    case "history":
      return way.to.forwardHistory;
    case "diversion":
      return way.to.forwardDiversion;
    case "trust":
      return way.to.trusted;
    case "location-error":
      return way.locationIsOurs !== true;
    default:
      return false;
  }
}

/**
 * RFC 3325 §7: an identity asked to be private goes to trusted peers only. An emergency call shows it always: the PSAP calls back on it
 * (RFC 6881 SP-33 no. 4).
 */
function identityPasses(lines: readonly HeaderLine[], way: Way): boolean {
  if (way.emergency) return true;
  if (!way.to.forwardPai || way.suppressIdentity) return false;
  return way.to.trusted || !privacyAsked(lines);
}

/** The sender asks that its asserted identity be withheld (RFC 3325 §9.3). */
export function privacyAsked(lines: readonly HeaderLine[]): boolean {
  return lines.some(([name, value]) => name.toLowerCase() === "privacy" && /(?:^|;)\s*id\s*(?:;|$)/i.test(value));
}
