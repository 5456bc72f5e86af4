import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseIpAddress, parseIpBlock } from "../../routing/ip-address.ts";
import { bssidKeys, lisKey, parseLisKey, subnetKeys, type LisKind } from "./lis-key.ts";
import { lisCandidates } from "./locate-query.ts";
import { canonicalElin, checkLisRow, elinsOfName, parseLisRow, serialiseLisRow, type LisRow } from "./lis-row.ts";

describe("keys of the location database", () => {
  test.each<[string, LisKind, string, string | null]>([
    ["a BSSID with colons", "bssid", "0A:1B:2C:3D:4E:5F", "bssid:0a1b2c3d4e5f"],
    ["a BSSID with dashes", "bssid", "0a-1b-2c-3d-4e-5f", "bssid:0a1b2c3d4e5f"],
    ["a BSSID as Cisco writes it", "bssid", "0a1b.2c3d.4e5f", "bssid:0a1b2c3d4e5f"],
    ["all radios of an access point", "bssid", "0A-1B-2C-3D-4E-*", "bssid:0a1b2c3d4e*"],
    ["all radios, one digit left out", "bssid", "0a1b2c3d4e5*", "bssid:0a1b2c3d4e5*"],
    ["less than a manufacturer's prefix", "bssid", "0a1b*", null],
    ["a BSSID that is too short", "bssid", "0a:1b:2c", null],
    [
      "a switch named by its hardware address, and its port",
      "port",
      "00-1A-2B-3C-4D-5E|Gi1/0/7",
      "port:001a2b3c4d5e|gi1/0/7",
    ],
    ["a port without a switch", "port", "|gi1/0/7", null],
    ["a switch by its name", "chassis", " SW-Floor3 ", "chassis:sw-floor3"],
    ["an IPv4 subnet", "subnet", "10.1.2.0/24", "subnet:10.1.2.0/24"],
    ["one IPv4 address", "subnet", "10.1.2.3", "subnet:10.1.2.3/32"],
    ["a subnet with host bits", "subnet", "10.1.2.3/24", null],
    ["an IPv6 subnet", "subnet", "2001:db8:1::/48", "subnet:2001:0db8:0001:0000:0000:0000:0000:0000/48"],
    ["a hardware address", "mac", "0A1B2C3D4E5F", "mac:0a1b2c3d4e5f"],
    ["a number with separators", "number", "+1 (212) 555-0100", "number:+12125550100"],
    ["an extension", "number", "4711", "number:4711"],
    ["a name", "number", "reception", null],
  ])("%s", (_, kind, text, key) => {
    expect(lisKey(kind, text)).toBe(key);
    if (key !== null) expect(parseLisKey(key)).not.toBeNull();
  });

  test.each(["", "bssid:", "bssid:0A1B2C3D4E5F", "subnet:10.1.2.3/24", "colour:red", "number"])(
    "%j is no key",
    (text) => {
      expect(parseLisKey(text)).toBeNull();
    },
  );

  test("an address finds exactly the subnets that hold it, the longest first", () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(address, (text) => {
        const parsed = parseIpAddress(text);
        fc.pre(parsed !== null);
        const blocks = subnetKeys(text).map((key) => parseIpBlock(key.slice("subnet:".length)));
        expect(blocks.map((block) => block?.prefixLength)).toEqual(
          Array.from({ length: parsed.bits + 1 }, (_, index) => parsed.bits - index),
        );
        for (const block of blocks) {
          const free = BigInt(block!.bits - block!.prefixLength);
          expect(block!.value >> free).toBe(parsed.value >> free);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("a BSSID finds itself first, then ever shorter beginnings", () => {
    expect(bssidKeys("0a:1b:2c:3d:4e:5f")).toEqual([
      "bssid:0a1b2c3d4e5f",
      "bssid:0a1b2c3d4e5*",
      "bssid:0a1b2c3d4e*",
      "bssid:0a1b2c3d4*",
      "bssid:0a1b2c3d*",
      "bssid:0a1b2c3*",
      "bssid:0a1b2c*",
    ]);
  });
});

describe("the order of a lookup", () => {
  test("access point, port, switch, subnet, hardware address, number", () => {
    const keys = lisCandidates({
      numbers: ["+12125550100"],
      mac: "00:00:5e:00:53:01",
      address: "192.0.2.7",
      chassis: "sw1",
      port: "7",
      bssid: "0a:1b:2c:3d:4e:5f",
    });
    const kinds = keys.map((key) => key.slice(0, key.indexOf(":")));
    expect([...new Set(kinds)]).toEqual(["bssid", "port", "chassis", "subnet", "mac", "number"]);
    expect(keys.filter((key) => key.startsWith("number:"))).toEqual(["number:+12125550100", "number:12125550100"]);
  });

  test("what cannot be read is not looked for", () => {
    expect(lisCandidates({ bssid: "?", address: "office", mac: "x", chassis: "", numbers: ["anonymous"] })).toEqual([]);
    expect(lisCandidates({})).toEqual([]);
  });
});

const row: LisRow = {
  key: "subnet:10.1.2.0/24",
  civic: { country: "US", a1: "NY", a3: "New York", rd: "Broadway", hno: "1", flr: "3" },
  erl: "hq-3",
  elins: ["+12125550111"],
  description: "third floor",
};

describe("rows", () => {
  test("a row reads back as it was kept", () => {
    expect(parseLisRow(row.key, serialiseLisRow(row))).toEqual(row);
    const bare: LisRow = { ...row, erl: "", elins: [], description: "" };
    expect(parseLisRow(bare.key, serialiseLisRow(bare))).toEqual(bare);
  });

  test.each(["", "{", "[]", "null", '"x"', '{"c":3}', '{"c":{"a1":7}}'])("%j harms nobody", (text) => {
    const read = parseLisRow("mac:0a1b2c3d4e5f", text);
    expect(read === null || Object.keys(read.civic).length === 0).toBe(true);
  });

  test("a whole address has nothing wrong with it", () => {
    expect(checkLisRow(row, new Set(["hq-3"]))).toEqual([]);
  });

  test.each<[string, Partial<LisRow>, string, string]>([
    ["no street", { civic: { country: "US", a1: "NY", a3: "New York", hno: "1", flr: "1" } }, "street", "error"],
    [
      "no house number",
      { civic: { country: "US", a1: "NY", a3: "New York", rd: "Broadway", flr: "1" } },
      "houseNumber",
      "error",
    ],
    ["a country's name", { civic: { ...row.civic, country: "USA" } }, "country", "error"],
    [
      "nothing inside the building",
      { civic: { country: "US", a1: "NY", a3: "New York", rd: "Broadway", hno: "1" } },
      "location",
      "warning",
    ],
    ["an unknown ERL", { erl: "hq-9" }, "erl", "error"],
    ["an ELIN twice", { elins: ["+12125550111", "+12125550111"] }, "elins", "error"],
    ["six ELINs", { elins: [1, 2, 3, 4, 5, 6].map((n) => `+1212555011${n}`) }, "elins", "error"],
    ["an endless room", { civic: { ...row.civic, room: "x".repeat(300) } }, "room", "error"],
  ])("%s", (_, change, field, severity) => {
    expect(checkLisRow({ ...row, ...change }, new Set(["hq-3"]))).toMatchObject([{ field, severity }]);
  });
});

describe("ELINs", () => {
  test.each([
    ["111-222-3333; 1112223334", ["+11112223333", "+11112223334"]],
    ["+12125550111", ["+12125550111"]],
    ["Example Inc.", []],
    ["Example Inc.; 2125550111", []],
    ["", []],
  ])("in the company's name %j", (name, elins) => {
    expect(elinsOfName(name)).toEqual(elins);
  });

  test.each([
    ["+12125550111", "+12125550111"],
    ["212-555-0111", "+12125550111"],
    ["1 212 555 0111", "+12125550111"],
    ["+442079460000", "+442079460000"],
    ["0111", null],
    ["+0123", null],
    ["", null],
  ])("%j", (text, elin) => {
    expect(canonicalElin(text)).toBe(elin);
  });
});
