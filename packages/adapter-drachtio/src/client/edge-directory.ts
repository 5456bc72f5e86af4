import { lookup } from "node:dns/promises";
import { parseSocketAddress, type SocketAddress } from "@tandem/runtime";

/** Addresses of a pool's edges as they are now. A rejection means "not known": what was known before stays. */
export type EdgeDirectory = (pool: string) => Promise<readonly SocketAddress[]>;

/** How names are looked up; replaced in tests. */
export type NameLookup = (host: string) => Promise<readonly string[]>;

const systemLookup: NameLookup = async (host) => {
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map((each) => each.address);
};

/** Configured `host:port` texts by pool. */
export type EdgeTexts = Readonly<Record<string, readonly string[]>>;

/**
 * A directory over configured `host:port` texts, fixed or read anew at every call: each name stands for all its addresses, looked up anew at every call. A name that
 * cannot be resolved keeps its last addresses. Texts that are no address are left out (configuration checks them before).
 */
export function createNameDirectory(edges: () => Promise<EdgeTexts>, find: NameLookup = systemLookup): EdgeDirectory {
  const known = new Map<string, readonly SocketAddress[]>();
  const addressesOf = async (text: string): Promise<readonly SocketAddress[]> => {
    const named = parseSocketAddress(text);
    if (named === undefined) return [];
    try {
      const hosts = await find(named.host);
      const addresses = hosts.map((host): SocketAddress => ({ host, port: named.port }));
      known.set(text, addresses);
      return addresses;
    } catch {
      return known.get(text) ?? [];
    }
  };
  return async (pool) => {
    const texts = (await edges())[pool] ?? [];
    return (await Promise.all(texts.map(addressesOf))).flat();
  };
}
