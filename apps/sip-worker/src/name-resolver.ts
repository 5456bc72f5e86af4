import { lookup, resolveSrv } from "node:dns/promises";
import type { NameResolver } from "@tandem/call-control";
import { err, ok } from "@tandem/domain";

const SERVICES = ["_sip._udp", "_sip._tcp", "_sips._tcp"];

/** Addresses of gateways by the system's resolver: of the name itself and of the hosts its SIP services name (RFC 3263 §4.2). */
export const systemResolver: NameResolver = {
  async addresses(host) {
    const targets = await Promise.all(SERVICES.map((service) => targetsOf(`${service}.${host}`)));
    const found = await Promise.all([...new Set([host, ...targets.flat()])].map(addressesOf));
    const addresses = [...new Set(found.flat())];
    if (addresses.length > 0) return ok(addresses);
    return err({ code: "resolve-failure", detail: "no address for the gateway's name" });
  },
};

async function targetsOf(service: string): Promise<readonly string[]> {
  try {
    return (await resolveSrv(service)).map(({ name }) => name).filter((name) => name !== "");
  } catch {
    // Most names have no SRV records; a failing name server shows in the lookup of the name itself.
    return [];
  }
}

async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
