import { type CompiledTrunk, listenerKey, type Snapshot } from "../topology/snapshot.ts";
import { blockHolds, type IpAddress, type IpBlock, parseIpAddress, parseIpBlock } from "./ip-address.ts";

/** How a request reached us. */
export interface Arrival {
  readonly pool: string;
  readonly listener: string;
  readonly address: string;
  readonly port: number;
  /** Names in the peer's verified certificate; empty without mutual TLS. */
  readonly tlsIdentities: readonly string[];
}

/** Trunks by where their gateways send from. Rebuilt when the topology or a gateway's resolved addresses change. */
export interface SourceIndex {
  readonly byListener: ReadonlyMap<string, ListenerSources>;
}

interface ListenerSources {
  /** Canonical address → trunks. */
  readonly exact: ReadonlyMap<string, readonly CompiledTrunk[]>;
  /** Blocks, longest prefix first. */
  readonly blocks: readonly { readonly block: IpBlock; readonly trunks: readonly CompiledTrunk[] }[];
  /** Lower-case host name of the gateway → trunks. */
  readonly byName: ReadonlyMap<string, readonly CompiledTrunk[]>;
}

/**
 * Builds the index. `resolved` holds, by gateway name, the addresses its host name resolves to now; gateways with literal addresses need no
 * entry. A gateway whose name is not resolved yet is known by its `sources` and its certificate only.
 */
export function indexSources(snapshot: Snapshot, resolved: ReadonlyMap<string, readonly string[]>): SourceIndex {
  const perListener = Map.groupBy(snapshot.trunks.values(), ({ trunk }) => listenerKey(trunk.pool, trunk.listener));
  return { byListener: new Map([...perListener].map(([key, trunks]) => [key, listenerSources(trunks, resolved)])) };
}

/**
 * The trunk a request came in by, or null for a stranger. The listener is the local half of the tuple; the peer half is the certificate's name, else the
 * source address, the longest match winning. Where several trunks are left (one gateway with several ports, or gateways behind one address),
 * the one whose gateway port is the source port is meant, else the lowest port, else the first in the document: a peer that connects by TCP from a
 * passing port can only be told apart by the listener it connects to.
 */
export function identifyIngress(arrival: Arrival, index: SourceIndex): CompiledTrunk | null {
  const sources = index.byListener.get(listenerKey(arrival.pool, arrival.listener));
  if (sources === undefined) return null;
  const candidates = byCertificate(sources, arrival.tlsIdentities) ?? byAddress(sources, arrival.address);
  const [first, ...others] = candidates;
  if (first === undefined) return null;
  return others.reduce((best, trunk) => (isCloser(trunk, best, arrival.port) ? trunk : best), first);
}

/** Is the address one that a gateway of any trunk of the pool sends from, whichever listener its trunks use? */
export function isGatewayOf(pool: string, address: string, index: SourceIndex): boolean {
  for (const sources of index.byListener.values()) {
    if (byAddress(sources, address).some(({ trunk }) => trunk.pool === pool)) return true;
  }
  return false;
}

function byCertificate(sources: ListenerSources, identities: readonly string[]): readonly CompiledTrunk[] | null {
  for (const identity of identities) {
    // A subject alternative name is a domain or a SIP URI (RFC 5922 §7.1); wildcards do not count (§7.2).
    const name = identity.toLowerCase().replace(/^sips?:/, "");
    const trunks = sources.byName.get(name);
    if (trunks !== undefined) return trunks;
  }
  return null;
}

function byAddress(sources: ListenerSources, text: string): readonly CompiledTrunk[] {
  const address = parseIpAddress(text);
  if (address === null) return [];
  const exact = sources.exact.get(keyOf(address));
  if (exact !== undefined) return exact;
  return sources.blocks.find(({ block }) => blockHolds(block, address))?.trunks ?? [];
}

function isCloser(candidate: CompiledTrunk, best: CompiledTrunk, sourcePort: number): boolean {
  const [candidatePort, bestPort] = [candidate.trunk.port, best.trunk.port];
  if (bestPort === sourcePort) return false;
  return candidatePort === sourcePort || candidatePort < bestPort;
}

function listenerSources(
  trunks: readonly CompiledTrunk[],
  resolved: ReadonlyMap<string, readonly string[]>,
): ListenerSources {
  const exact = new Map<string, CompiledTrunk[]>();
  const blocks = new Map<string, { readonly block: IpBlock; readonly trunks: CompiledTrunk[] }>();
  const byName = new Map<string, CompiledTrunk[]>();
  for (const trunk of trunks) {
    const { gateway } = trunk;
    if (parseIpAddress(gateway.address) === null) append(byName, gateway.address.toLowerCase(), trunk);
    const texts = [gateway.address, ...gateway.sources, ...(resolved.get(gateway.name) ?? [])];
    for (const block of uniqueBlocks(texts)) {
      if (block.prefixLength === block.bits) append(exact, keyOf(block), trunk);
      else {
        const key = `${keyOf(block)}/${block.prefixLength}`;
        const known = blocks.get(key);
        if (known === undefined) blocks.set(key, { block, trunks: [trunk] });
        else known.trunks.push(trunk);
      }
    }
  }
  const longestFirst = [...blocks.values()].sort((left, right) => right.block.prefixLength - left.block.prefixLength);
  return { exact, blocks: longestFirst, byName };
}

function uniqueBlocks(texts: readonly string[]): readonly IpBlock[] {
  const found = new Map<string, IpBlock>();
  for (const text of texts) {
    const block = parseIpBlock(text);
    if (block !== null) found.set(`${keyOf(block)}/${block.prefixLength}`, block);
  }
  return [...found.values()];
}

function append(map: Map<string, CompiledTrunk[]>, key: string, trunk: CompiledTrunk): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [trunk]);
  else list.push(trunk);
}

function keyOf(address: IpAddress): string {
  return `${address.bits}:${address.value.toString(16)}`;
}
