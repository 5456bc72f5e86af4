import type { CivicField } from "@tandem/domain";

/** What a column of the sheet fills in. */
export type CsvTarget =
  | { readonly kind: "key"; readonly part: "bssid" | "chassis" | "port" | "subnet" | "mac" | "number" }
  | { readonly kind: "civic"; readonly field: CivicField }
  | { readonly kind: "row"; readonly field: "description" | "erl" | "elins" }
  /** Read and left out: says how something else is written. */
  | { readonly kind: "ignored" };

export interface CsvColumn {
  /** Heading as it is written on export. */
  readonly heading: string;
  readonly target: CsvTarget;
  /** Further headings that mean the same. */
  readonly also?: readonly string[];
}

const key = (heading: string, part: "bssid" | "chassis" | "port" | "subnet" | "mac" | "number", also: string[] = []) =>
  ({ heading, target: { kind: "key", part }, also }) satisfies CsvColumn;
const civic = (heading: string, field: CivicField, also: string[] = []) =>
  ({ heading, target: { kind: "civic", field }, also }) satisfies CsvColumn;
const own = (heading: string, field: "description" | "erl" | "elins", also: string[] = []) =>
  ({ heading, target: { kind: "row", field }, also }) satisfies CsvColumn;

/**
 * Columns of a location sheet: those the product class has for access points, ports, switches and subnets, then what RFC 5139 has besides, then what is
 * ours. Headings are compared without case, blanks, `-` and `_`; the short names of RFC 5139 count too.
 */
export const CSV_COLUMNS: readonly CsvColumn[] = [
  key("BSSID", "bssid", ["WAPBSSID"]),
  key("ChassisID", "chassis", ["Chassis", "SwitchChassisID"]),
  { heading: "PortIDSubType", target: { kind: "ignored" } },
  key("PortID", "port", ["Port"]),
  key("Subnet", "subnet", ["SubnetID", "NetworkIP"]),
  key("MAC", "mac", ["MACAddress"]),
  key("Number", "number", ["Extension", "PhoneNumber"]),
  own("Description", "description"),
  civic("Location", "loc"),
  civic("CompanyName", "nam", ["Company", "Name"]),
  civic("HouseNumber", "hno"),
  civic("HouseNumberSuffix", "hns"),
  civic("PreDirectional", "prd"),
  civic("StreetName", "rd", ["Street"]),
  civic("StreetSuffix", "sts"),
  civic("PostDirectional", "pod"),
  civic("City", "a3"),
  civic("State", "a1", ["Province"]),
  civic("PostalCode", "pc", ["ZIP", "ZIPCode"]),
  civic("Country", "country", ["CountryCode"]),
  civic("Floor", "flr"),
  civic("Room", "room"),
  civic("Building", "bld"),
  civic("Unit", "unit", ["Suite"]),
  civic("Seat", "seat", ["Desk"]),
  civic("Landmark", "lmk"),
  civic("County", "a2"),
  civic("District", "a4"),
  civic("Neighborhood", "a5"),
  civic("Block", "a6"),
  civic("StreetPrefix", "prm"),
  civic("StreetPostModifier", "pom"),
  civic("PlaceType", "plc"),
  civic("PostalCommunity", "pcn"),
  civic("POBox", "pobox"),
  civic("AdditionalCode", "addcode"),
  civic("RoadSection", "rdsec"),
  civic("RoadBranch", "rdbr"),
  civic("RoadSubBranch", "rdsubbr"),
  own("ERL", "erl"),
  own("ELINs", "elins", ["ELIN"]),
];

const byHeading: ReadonlyMap<string, CsvColumn> = new Map(
  CSV_COLUMNS.flatMap((column) => {
    const short = column.target.kind === "civic" ? [column.target.field] : [];
    return [column.heading, ...(column.also ?? []), ...short].map((name): [string, CsvColumn] => [bare(name), column]);
  }),
);

/** The column of a heading; undefined for one that nobody knows. */
export function columnOf(heading: string): CsvColumn | undefined {
  return byHeading.get(bare(heading));
}

function bare(heading: string): string {
  return heading.toLowerCase().replace(/[\s_-]/g, "");
}
