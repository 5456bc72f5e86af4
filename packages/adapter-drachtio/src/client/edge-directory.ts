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

/**
 * A directory over configured `host:port` texts: each name stands for all its addresses, looked up anew at every call. A name that
 * cannot be resolved keeps its last addresses. Texts that are no address are left out (configuration checks them before).
 */
export function createNameDirectory(
  edges: Readonly<Record<string, readonly string[]>>,
  find: NameLookup = systemLookup,
): EdgeDirectory {
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
  return async (pool) => (await Promise.all((edges[pool] ?? []).map(addressesOf))).flat();
}
