import {
  canonicalElin,
  checkLisRow,
  civicAddress,
  elinsOfName,
  lisKey,
  type LisKey,
  type LisRow,
  type LisRowIssue,
} from "@tandem/domain";
import { columnOf, type CsvColumn } from "./csv-columns.ts";

/** Something wrong with one line of a sheet. */
export interface CsvIssue {
  /** Line of the sheet, the heading being 1. */
  readonly row: number;
  /** Heading of the column; empty when it is about the whole line. */
  readonly column: string;
  readonly severity: "error" | "warning";
  readonly problem: string;
  readonly fix: string;
}

/** The heading line, understood. */
export type CsvHeadings = readonly (CsvColumn | undefined)[];

export interface ReadHeadings {
  readonly headings: CsvHeadings;
  readonly issues: readonly CsvIssue[];
}

const KEY_COLUMNS = "BSSID, ChassisID with PortID, ChassisID, Subnet, MAC or Number";

/** Understands the heading line: unknown headings are told and their columns left out; without any key column nothing can be read. */
export function readHeadings(cells: readonly string[]): ReadHeadings {
  const headings = cells.map(columnOf);
  const issues: CsvIssue[] = [];
  for (const [index, heading] of headings.entries()) {
    const column = cells[index] ?? "";
    if (heading === undefined && column.trim() !== "") {
      const problem = "nobody knows this column";
      issues.push({ row: 1, column, severity: "warning", problem, fix: "it is left out; see docs/emergency.md" });
    } else if (heading !== undefined && headings.indexOf(heading) < index) {
      issues.push({ row: 1, column, severity: "error", problem: "this column stands twice", fix: "leave one out" });
    }
  }
  if (!headings.some((heading) => heading?.target.kind === "key")) {
    const fix = `the first line names the columns; one of ${KEY_COLUMNS} must be there`;
    issues.push({ row: 1, column: "", severity: "error", problem: "no column says what a row is found by", fix });
  }
  return { headings, issues };
}

export interface ReadRow {
  /** Null when the line cannot become a row. */
  readonly row: LisRow | null;
  readonly issues: readonly CsvIssue[];
}

/** Reads one line. Errors keep it out; warnings do not. */
export function readCsvRow(cells: readonly string[], headings: CsvHeadings, line: number): ReadRow {
  const fields = fieldsOf(cells, headings);
  const issues: CsvIssue[] = [];
  const tell = (column: string, problem: string, fix: string): void => {
    issues.push({ row: line, column, severity: "error", problem, fix });
  };
  if (cells.length > headings.length) tell("", "more cells than headings", "quote cells that hold a comma");
  const key = keyOf(fields.keys, tell);
  const elins = elinsIn(fields, tell);
  if (key === null) return { row: null, issues };
  const row: LisRow = {
    key,
    civic: civicAddress(fields.civic),
    erl: fields.row["erl"] ?? "",
    elins,
    description: fields.row["description"] ?? "",
  };
  issues.push(...checkLisRow(row, null).map((issue) => withColumn(issue, line)));
  return { row: issues.some(({ severity }) => severity === "error") ? null : row, issues };
}

type Tell = (column: string, problem: string, fix: string) => void;
type Fields = Readonly<Record<"keys" | "civic" | "row", Readonly<Record<string, string>>>>;

function fieldsOf(cells: readonly string[], headings: CsvHeadings): Fields {
  const fields = {
    keys: {} as Record<string, string>,
    civic: {} as Record<string, string>,
    row: {} as Record<string, string>,
  };
  for (const [index, heading] of headings.entries()) {
    const text = cells[index]?.trim() ?? "";
    if (heading === undefined || text === "") continue;
    const { target } = heading;
    if (target.kind === "key") fields.keys[target.part] = text;
    else if (target.kind === "civic") fields.civic[target.field] = text;
    else if (target.kind === "row") fields.row[target.field] = text;
  }
  return fields;
}

/** Exactly one thing a row is found by; a port counts together with its chassis. */
function keyOf(keys: Readonly<Record<string, string>>, tell: Tell): LisKey | null {
  const { chassis, port, ...others } = keys;
  const found = Object.entries(others);
  if (port !== undefined && chassis === undefined) {
    tell("PortID", "a port without its switch", "fill in ChassisID");
    return null;
  }
  if (chassis !== undefined) found.push(port === undefined ? ["chassis", chassis] : ["port", `${chassis}|${port}`]);
  const [first, ...more] = found;
  if (first === undefined || more.length > 0) {
    const problem = first === undefined ? "nothing says what the row is found by" : "the row is found by two things";
    tell("", problem, `fill in one of ${KEY_COLUMNS}`);
    return null;
  }
  const [kind, text] = first as ["bssid" | "port" | "chassis" | "subnet" | "mac" | "number", string];
  const key = lisKey(kind, text);
  if (key === null) tell(HEADINGS[kind], `"${text.slice(0, 60)}" is no ${WORDS[kind]}`, FORMS[kind]);
  return key;
}

const HEADINGS = {
  bssid: "BSSID",
  port: "PortID",
  chassis: "ChassisID",
  subnet: "Subnet",
  mac: "MAC",
  number: "Number",
};
const WORDS = {
  bssid: "BSSID",
  port: "switch and port",
  chassis: "chassis",
  subnet: "subnet",
  mac: "hardware address",
  number: "number",
};
const FORMS = {
  bssid:
    "write 12 hexadecimal digits (0a-1b-2c-3d-4e-5f), or at least 6 of them and * for all radios of an access point",
  port: "write chassis and port without | and at most 255 characters long",
  chassis: "write the chassis without | and at most 255 characters long",
  subnet: "write an address block whose host bits are zero, e.g. 10.1.2.0/24",
  mac: "write 12 hexadecimal digits (0a-1b-2c-3d-4e-5f)",
  number: "write digits, with + for an international number",
};

/** ELINs of their own column; without one those that stand in the company's name, where the product class keeps them. */
function elinsIn({ row, civic }: Fields, tell: Tell): readonly string[] {
  const written = row["elins"];
  if (written === undefined) return elinsOfName(civic["nam"] ?? "");
  const texts = written.split(/[;,|]/).map((text) => text.trim());
  return texts.filter(Boolean).flatMap((text) => {
    const elin = canonicalElin(text);
    if (elin === null)
      tell("ELINs", `"${text.slice(0, 30)}" is no number`, "write + and 7 to 15 digits, several separated by ;");
    return elin ?? [];
  });
}

/** Names of fields in the domain, and the columns they stand in. */
const COLUMNS: Readonly<Record<string, string>> = {
  country: "Country",
  state: "State",
  city: "City",
  street: "StreetName",
  houseNumber: "HouseNumber",
  location: "Location",
  elins: "ELINs",
  erl: "ERL",
};

function withColumn({ field, ...issue }: LisRowIssue, row: number): CsvIssue {
  return { row, column: COLUMNS[field] ?? columnOf(field)?.heading ?? field, ...issue };
}
