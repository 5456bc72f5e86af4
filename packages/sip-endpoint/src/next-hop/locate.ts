import { getParameter, uriTransport, type SipUri } from "@tandem/sip";
import { detached } from "../messages/detached.ts";
import type { Transport } from "../config.ts";
import type { NaptrRecord, Resolver } from "./resolver.ts";
import { defaultPort, familyOf, type Path, type Target } from "./target.ts";
import { inTryingOrder } from "./weighted-order.ts";

/** What locating needs beside the URI. */
export interface LocateContext {
  readonly resolver: Resolver;
  /** How we can send at all; the order is our preference where DNS leaves the choice. */
  readonly paths: readonly Path[];
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

/** The places a SIP URI leads to, best first (RFC 3263 §4); or why there are none. */
export type Located =
  | { readonly targets: readonly Target[] }
  | { readonly failure: "no-listener" | "unresolved"; readonly detail: string };

interface Question {
  /** Lower case, IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly secure: boolean;
  /** Transport that the URI asks for. */
  readonly transport: Transport | undefined;
}

const NO_PATH: Located = {
  failure: "no-listener",
  detail: "no listener of the next hop's transport and address family",
};
const NO_ADDRESS: Located = { failure: "unresolved", detail: "the next hop has no address" };
const NO_DNS: Located = { failure: "unresolved", detail: "DNS could not be asked for the next hop" };

/** A URI with an IP address is located at once, any other with the help of DNS. Never rejects. */
export function locate(uri: SipUri, context: LocateContext): Located | Promise<Located> {
  const question = questionOf(uri);
  if (question === undefined) return { failure: "no-listener", detail: "the next hop's transport is not spoken here" };
  const family = familyOf(question.host);
  if (family === undefined) return locateName(question, context);
  const path = choosePath(
    question,
    context.paths.filter((each) => each.family === family),
  );
  if (path === undefined) return NO_PATH;
  const { host, port } = question;
  return { targets: [{ transport: path.transport, address: host, port: port ?? defaultPort(path.transport), host }] };
}

function questionOf(uri: SipUri): Question | undefined {
  // RFC 3263 §4: the target is maddr if there is one, else the host.
  const host = (getParameter(uri.params, "maddr") ?? uri.host).toLowerCase();
  const secure = uri.scheme === "sips";
  const asked = uriTransport(uri);
  const question = { host: detached(withoutBrackets(host)), port: uri.port === 0 ? undefined : uri.port, secure };
  switch (asked) {
    case undefined:
      return { ...question, transport: secure ? "tls" : undefined };
    case "tls":
      return { ...question, transport: "tls" };
    case "tcp":
      // RFC 3261 §26.2.2: with sips, TCP means TLS over TCP.
      return { ...question, transport: secure ? "tls" : "tcp" };
    case "udp":
      return secure ? undefined : { ...question, transport: "udp" };
    default:
      return undefined;
  }
}

function withoutBrackets(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}

/** RFC 3263 §4.1 for an address or an explicit port: the transport asked for, else UDP, else whatever we have. */
function choosePath(question: Question, paths: readonly Path[]): Path | undefined {
  if (question.transport !== undefined) return paths.find((path) => path.transport === question.transport);
  return paths.find((path) => path.transport === "udp") ?? paths[0];
}

async function locateName(question: Question, context: LocateContext): Promise<Located> {
  const paths = context.paths.filter(
    (path) => question.transport === undefined || path.transport === question.transport,
  );
  if (paths.length === 0) return NO_PATH;
  try {
    const search = new NameSearch(question, { ...context, paths });
    const targets = await search.run();
    return targets.length > 0 ? { targets } : NO_ADDRESS;
  } catch {
    return NO_DNS;
  }
}

interface Service {
  readonly transport: Transport;
  /** Name of the SRV records. */
  readonly name: string;
}

class NameSearch {
  private readonly question: Question;
  private readonly context: LocateContext;

  constructor(question: Question, context: LocateContext) {
    this.question = question;
    this.context = context;
  }

  /** RFC 3263 §4.2: a port in the URI leaves only addresses to ask for; else SRV, and addresses if there is none. */
  async run(): Promise<readonly Target[]> {
    const { question } = this;
    if (question.port === undefined) {
      const found = await this.byServices(await this.services());
      if (found.length > 0) return found;
    }
    const path = choosePath(question, this.context.paths);
    if (path === undefined) return [];
    return this.addressesOf(question.host, path.transport, question.port ?? defaultPort(path.transport));
  }

  /** RFC 3263 §4.1: NAPTR decides among transports; without it, SRV of each we have, in our order. */
  private async services(): Promise<readonly Service[]> {
    const { host, transport } = this.question;
    const plain = this.transports().map((each): Service => ({ transport: each, name: serviceName(each, host) }));
    if (transport !== undefined) return plain;
    const records = await this.context.resolver.naptr(host);
    const chosen = this.fromNaptr(records);
    return chosen.length > 0 ? chosen : plain;
  }

  private fromNaptr(records: readonly NaptrRecord[]): readonly Service[] {
    const ours = this.transports();
    const ordered = [...records].sort((one, other) => one.order - other.order || one.preference - other.preference);
    return ordered.flatMap((record): readonly Service[] => {
      const transport = NAPTR_SERVICES.get(record.service.toUpperCase());
      if (transport === undefined || !ours.includes(transport) || record.flags.toLowerCase() !== "s") return [];
      return [{ transport, name: record.replacement }];
    });
  }

  private transports(): readonly Transport[] {
    return [...new Set(this.context.paths.map((path) => path.transport))];
  }

  private async byServices(services: readonly Service[]): Promise<readonly Target[]> {
    const targets: Target[] = [];
    for (const service of services) {
      const records = await this.context.resolver.srv(service.name);
      for (const record of inTryingOrder(records, this.context.random)) {
        // RFC 2782: a target of "." says that the service is not offered.
        if (record.target === "" || record.target === ".") continue;
        targets.push(...(await this.addressesOf(record.target, service.transport, record.port)));
      }
    }
    return targets;
  }

  private async addressesOf(name: string, transport: Transport, port: number): Promise<readonly Target[]> {
    const families = this.context.paths.filter((path) => path.transport === transport).map((path) => path.family);
    const { resolver } = this.context;
    const lists = await Promise.all(
      [...new Set(families)].map((each) => (each === 4 ? resolver.a(name) : resolver.aaaa(name))),
    );
    // RFC 5922 §4: the certificate is for the name in the URI, not for the names DNS led to.
    const { host } = this.question;
    return lists.flatMap((list) => this.rotated(list).map((address) => ({ transport, address, port, host })));
  }

  /** Several addresses of one name share the load, although the cache always gives them in one order. */
  private rotated(list: readonly string[]): readonly string[] {
    const first = Math.floor(this.context.random() * list.length);
    return [...list.slice(first), ...list.slice(0, first)];
  }
}

const NAPTR_SERVICES: ReadonlyMap<string, Transport> = new Map([
  ["SIP+D2U", "udp"],
  ["SIP+D2T", "tcp"],
  ["SIPS+D2T", "tls"],
]);

function serviceName(transport: Transport, host: string): string {
  switch (transport) {
    case "udp":
      return `_sip._udp.${host}`;
    case "tcp":
      return `_sip._tcp.${host}`;
    case "tls":
      return `_sips._tcp.${host}`;
  }
}
