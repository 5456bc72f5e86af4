import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blockHolds, parseIpAddress, parseIpBlock } from "./ip-address.ts";

describe("IP literals", () => {
  test.each([
    ["192.0.2.1", 0xc0000201n, 32],
    ["0.0.0.0", 0n, 32],
    ["255.255.255.255", 0xffffffffn, 32],
    ["::", 0n, 128],
    ["::1", 1n, 128],
    ["[2001:db8::1]", 0x20010db8_00000000_00000000_00000001n, 128],
    ["2001:DB8:0:0:0:0:0:1", 0x20010db8_00000000_00000000_00000001n, 128],
    ["::ffff:192.0.2.1", 0xc0000201n, 32],
    ["64:ff9b::192.0.2.1", 0x0064ff9b_00000000_00000000_c0000201n, 128],
  ])("%s", (text, value, bits) => {
    expect(parseIpAddress(text)).toEqual({ bits, value });
  });

  test.each([
    ["256.0.0.1"],
    ["1.2.3"],
    ["1.2.3.4.5"],
    ["01.2.3.4"],
    ["1.2.3.4 "],
    ["sbc.example.net"],
    [""],
    [":"],
    [":::"],
    ["1::2::3"],
    ["1:2:3:4:5:6:7"],
    ["1:2:3:4:5:6:7:8:9"],
    ["1:2:3:4:5:6:7::8"],
    ["::12345"],
    ["::1.2.3.4:5"],
    ["fe80::1%eth0"],
  ])("%s is none", (text) => {
    expect(parseIpAddress(text)).toBeNull();
  });

  test.each([
    ["192.0.2.0/24", "192.0.2.255", true],
    ["192.0.2.0/24", "192.0.3.0", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "::1", false],
    ["192.0.2.1", "192.0.2.1", true],
    ["2001:db8::/32", "2001:db8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["192.0.2.0/24", "::ffff:192.0.2.7", true],
  ])("%s holds %s: %s", (blockText, text, expected) => {
    const block = parseIpBlock(blockText);
    const address = parseIpAddress(text);
    expect(block !== null && address !== null && blockHolds(block, address)).toBe(expected);
  });

  test.each([["192.0.2.1/24"], ["192.0.2.0/33"], ["192.0.2.0/"], ["192.0.2.0/a"], ["192.0.2.0/24/1"], ["/24"]])(
    "%s is no block",
    (text) => {
      expect(parseIpBlock(text)).toBeNull();
    },
  );

  test("every IPv6 address is read from its full form", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
        // Beginning with a documentation prefix keeps clear of the IPv4-mapped block.
        const all = [0x2001, ...groups.slice(1)];
        const value = all.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
        expect(parseIpAddress(all.map((group) => group.toString(16)).join(":"))).toEqual({ bits: 128, value });
      }),
    );
  });

  test("no text throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."0123456789abcf:./[]".split("")), maxLength: 45 }), (text) => {
        parseIpBlock(text);
      }),
      { numRuns: 2000 },
    );
  });
});
