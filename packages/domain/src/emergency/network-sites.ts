import { type IpAddress, parseIpAddress, parseIpBlock } from "../routing/ip-address.ts";
import type { NetworkSite } from "../topology/emergency-plan.ts";

/** Network sites by subnet, ready for lookup: one step per prefix length in use, whatever the number of subnets. */
export interface SiteIndex {
  /** Longest prefix first. */
  readonly lengths: readonly PrefixTable[];
}

interface PrefixTable {
  readonly bits: IpAddress["bits"];
  /** Bits of an address that are not part of the prefix. */
  readonly free: bigint;
  readonly sites: ReadonlyMap<bigint, NetworkSite>;
}

/** Indexes the subnets of all sites. A subnet that two sites list belongs to the first; what is no subnet is left out (the topology check tells). */
export function indexSites(sites: readonly NetworkSite[]): SiteIndex {
  const tables = new Map<string, { bits: IpAddress["bits"]; length: number; sites: Map<bigint, NetworkSite> }>();
  for (const site of sites) {
    for (const text of site.subnets) {
      const block = parseIpBlock(text);
      if (block === null) continue;
      const { bits, prefixLength: length, value } = block;
      const key = `${bits}/${length}`;
      const table = tables.get(key) ?? { bits, length, sites: new Map<bigint, NetworkSite>() };
      tables.set(key, table);
      const prefix = value >> BigInt(bits - length);
      if (!table.sites.has(prefix)) table.sites.set(prefix, site);
    }
  }
  const longestFirst = [...tables.values()].sort((left, right) => right.length - left.length);
  return {
    lengths: longestFirst.map(({ bits, length, sites: found }) => {
      return { bits, free: BigInt(bits - length), sites: found };
    }),
  };
}

/** The site with the longest subnet that holds the address; null for none, and for what is no address. */
export function siteOf(address: string, index: SiteIndex): NetworkSite | null {
  if (index.lengths.length === 0) return null;
  const caller = parseIpAddress(address);
  if (caller === null) return null;
  for (const { bits, free, sites } of index.lengths) {
    const site = bits === caller.bits ? sites.get(caller.value >> free) : undefined;
    if (site !== undefined) return site;
  }
  return null;
}
