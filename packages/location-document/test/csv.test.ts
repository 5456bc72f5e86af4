import { civicAddress, lisKey, type LisRow } from "@tandem/domain";
import { csvHeading, csvLines, readCsv, type CsvIssue } from "@tandem/location-document";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

async function read(text: string): Promise<{ rows: LisRow[]; issues: CsvIssue[] }> {
  const rows: LisRow[] = [];
  const issues: CsvIssue[] = [];
  // Split anywhere: a cell may lie across two chunks.
  const chunks = (async function* () {
    const octets = Buffer.from(text, "utf8");
    for (let at = 0; at < octets.length; at += 7) yield octets.subarray(at, at + 7);
  })();
  for await (const line of readCsv(chunks)) {
    if (line.row !== null) rows.push(line.row);
    issues.push(...line.issues);
  }
  return { rows, issues };
}

const ADDRESS = "HouseNumber,StreetName,City,State,Country,Floor";
const VALUES = "1,Broadway,New York,NY,US,3";

describe("a location sheet", () => {
  test("the columns of the product class", async () => {
    const { rows, issues } = await read(
      [
        "Subnet,Description,Location,CompanyName,HouseNumber,HouseNumberSuffix,PreDirectional,StreetName,StreetSuffix,PostDirectional,City,State,PostalCode,Country",
        '10.1.2.0/24,"Third, north",3N,Example Inc.,1,A,N,Main,St,E,Albany,NY,12207,US',
      ].join("\r\n"),
    );
    expect(issues).toEqual([]);
    expect(rows).toEqual([
      {
        key: "subnet:10.1.2.0/24",
        description: "Third, north",
        erl: "",
        elins: [],
        civic: {
          country: "US",
          a1: "NY",
          a3: "Albany",
          prd: "N",
          rd: "Main",
          sts: "St",
          pod: "E",
          hno: "1",
          hns: "A",
          loc: "3N",
          nam: "Example Inc.",
          pc: "12207",
        },
      },
    ]);
  });

  test.each([
    ["an access point", "BSSID", "0A-1B-2C-3D-4E-5F", "bssid:0a1b2c3d4e5f"],
    ["a switch and port", "ChassisID,PortIDSubType,PortID", "SW1,5,Gi1/0/1", "port:sw1|gi1/0/1"],
    ["a switch", "ChassisID,PortID", "SW1,", "chassis:sw1"],
    ["a phone", "MAC", "0a:1b:2c:3d:4e:5f", "mac:0a1b2c3d4e5f"],
    ["an extension", "Extension", "4711", "number:4711"],
    ["headings in another spelling", "network_ip", "10.0.0.0/8", "subnet:10.0.0.0/8"],
  ])("%s", async (_, headings, cells, key) => {
    const { rows, issues } = await read(`\uFEFF${headings},${ADDRESS}\n${cells},${VALUES}\n`);
    expect(issues).toEqual([]);
    expect(rows.map((row) => row.key)).toEqual([key]);
  });

  test("ELINs in their own column, or in the company's name", async () => {
    const { rows } = await read(
      `Subnet,CompanyName,ELINs,${ADDRESS}\n10.0.1.0/24,Example,+12125550111;2125550112,${VALUES}\n10.0.2.0/24,111-222-3333; 1112223334,,${VALUES}\n`,
    );
    expect(rows.map(({ elins }) => elins)).toEqual([
      ["+12125550111", "+12125550112"],
      ["+11112223333", "+11112223334"],
    ]);
  });

  test("an error names row, column, what and fix; the other rows are read", async () => {
    const { rows, issues } = await read(
      [
        `Subnet,BSSID,ELINs,${ADDRESS}`,
        `10.0.1.0/24,,,${VALUES}`,
        `10.0.2.7/24,,,${VALUES}`,
        `,,,${VALUES}`,
        `10.0.3.0/24,0a1b2c3d4e5f,,${VALUES}`,
        "",
        `10.0.4.0/24,,12,${VALUES}`,
        `10.0.5.0/24,,,,,,,,`,
        `10.0.1.0/24,,,${VALUES}`,
        `10.0.6.0/24,,,${VALUES},extra`,
      ].join("\n"),
    );
    expect(rows.map(({ key }) => key)).toEqual(["subnet:10.0.1.0/24"]);
    const told = issues.filter(({ severity }) => severity === "error").map(({ row, column }) => `${row} ${column}`);
    expect(told).toEqual([
      "3 Subnet",
      "4 ",
      "5 ",
      "7 ELINs",
      "8 Country",
      "8 State",
      "8 City",
      "8 StreetName",
      "8 HouseNumber",
      "9 ",
      "10 ",
    ]);
    for (const issue of issues) expect([issue.problem, issue.fix].every((text) => text.length > 3)).toBe(true);
  });

  test.each([
    ["an empty sheet", ""],
    ["a sheet without any key column", `${ADDRESS}\n${VALUES}\n`],
    ["a column twice", `Subnet,Subnet,${ADDRESS}\n`],
    ["a quotation mark that is never closed", `Subnet,${ADDRESS}\n"10.0.0.0/8,${VALUES}\n`],
    ["a cell without end", `Subnet,${ADDRESS}\n"${"x".repeat(100_000)}"\n`],
  ])("%s is refused with a sentence", async (_, text) => {
    const { rows, issues } = await read(text);
    expect(rows).toEqual([]);
    expect(issues.some(({ severity }) => severity === "error")).toBe(true);
  });

  test("an unknown column is told and left out", async () => {
    const { rows, issues } = await read(`Subnet,Colour,${ADDRESS}\n10.0.0.0/8,red,${VALUES}\n`);
    expect(rows).toHaveLength(1);
    expect(issues).toMatchObject([{ row: 1, column: "Colour", severity: "warning" }]);
  });

  test("what is written reads back the same", async () => {
    const word = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
      .map((text) => text.trim())
      .filter(Boolean);
    const key = fc.oneof(
      fc.ipV4().map((text) => lisKey("subnet", text)),
      fc.ipV6().map((text) => lisKey("subnet", text)),
      fc.constantFrom("0a1b2c*", "0a1b2c3*", "0a1b2c3d4e5f").map((text) => lisKey("bssid", text)),
      fc.tuple(word, word).map(([chassis, port]) => lisKey("port", `${chassis}|${port}`)),
      fc.constant(lisKey("number", "+12125550100")),
    );
    const row = fc.record({ key, room: word, description: word }).map(({ key: found, room, description }) => ({
      key: found,
      civic: civicAddress({ country: "US", a1: "NY", a3: "Albany", rd: "Main", hno: "1", room }),
      erl: "",
      elins: ["+12125550111"],
      description,
    }));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(row, { selector: ({ key: found }) => found, maxLength: 8 }), async (made) => {
        const rows = made.flatMap((each): LisRow[] => (each.key === null ? [] : [{ ...each, key: each.key }]));
        const { rows: readBack, issues } = await read(csvHeading() + csvLines(rows));
        expect(issues.filter(({ severity }) => severity === "error")).toEqual([]);
        expect(readBack).toEqual(rows);
      }),
      { numRuns: 100 },
    );
  });
});
