import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blockHolds, parseIpAddress, parseIpBlock } from "../routing/ip-address.ts";
import type { NetworkSite } from "../topology/emergency-plan.ts";
import { indexSites, siteOf } from "./network-sites.ts";

function site(name: string, ...subnets: string[]): NetworkSite {
  return { name, subnets, policy: null, erl: null, location: null };
}

describe("the site of an address", () => {
  const index = indexSites([
    site("everywhere", "0.0.0.0/0"),
    site("campus", "10.0.0.0/8", "2001:db8::/32"),
    site("floor", "10.1.2.0/24"),
    site("desk", "10.1.2.7"),
    site("second", "10.1.2.0/24"),
    site("wrong", "10.1.2.3/24"),
  ]);

  test.each([
    ["10.1.2.7", "desk"],
    ["10.1.2.8", "floor"],
    ["10.9.9.9", "campus"],
    ["::ffff:10.1.2.8", "floor"],
    ["2001:db8::1", "campus"],
    ["192.0.2.1", "everywhere"],
    ["2001:db9::1", undefined],
    ["desk.example", undefined],
    ["", undefined],
  ])("%s", (address, name) => {
    expect(siteOf(address, index)?.name).toBe(name);
  });

  test("is the longest match, whatever the subnets", () => {
    const octet = fc.nat(3);
    const address = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join("."));
    const block = fc.tuple(address, fc.nat(32)).map(([text, length]) => {
      const value = ((parseIpAddress(text)?.value ?? 0n) >> BigInt(32 - length)) << BigInt(32 - length);
      const octets = [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n);
      return `${octets.join(".")}/${length}`;
    });
    fc.assert(
      fc.property(fc.array(block, { maxLength: 12 }), address, (blocks, text) => {
        const sites = [...new Set(blocks)].map((one, at) => site(`s${at}`, one));
        const holding = sites.filter(({ subnets: [one = ""] }) => {
          const [held, caller] = [parseIpBlock(one), parseIpAddress(text)];
          return held !== null && caller !== null && blockHolds(held, caller);
        });
        const length = (one: NetworkSite): number => parseIpBlock(one.subnets[0] ?? "")?.prefixLength ?? -1;
        const longest = holding.reduce<NetworkSite | null>((best, one) => {
          return best === null || length(one) > length(best) ? one : best;
        }, null);
        expect(siteOf(text, indexSites(sites))?.name).toBe(longest?.name);
      }),
      { numRuns: 1000 },
    );
  });
});
