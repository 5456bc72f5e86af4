import { parseLisKey, type LisRow } from "@tandem/domain";
import { stringify } from "csv-stringify/sync";
import { CSV_COLUMNS, type CsvTarget } from "./csv-columns.ts";

/** The heading line of a sheet. */
export function csvHeading(): string {
  return stringify([CSV_COLUMNS.map(({ heading }) => heading)], OPTIONS);
}

/** Lines of a sheet that `readCsv` reads back as the same rows. */
export function csvLines(rows: readonly LisRow[]): string {
  return stringify(
    rows.map((row) => CSV_COLUMNS.map(({ target }) => cellOf(row, target))),
    OPTIONS,
  );
}

const OPTIONS = { record_delimiter: "windows" } as const;

function cellOf(row: LisRow, target: CsvTarget): string {
  switch (target.kind) {
    case "key":
      return keyCell(row, target.part);
    case "civic":
      return row.civic[target.field] ?? "";
    case "row":
      return target.field === "elins" ? row.elins.join(";") : row[target.field];
    case "ignored":
      return "";
  }
}

function keyCell(row: LisRow, part: string): string {
  const key = parseLisKey(row.key);
  if (key?.kind !== "port") return key?.kind === part ? key.value : "";
  const [chassis = "", port = ""] = key.value.split("|");
  if (part === "chassis") return chassis;
  return part === "port" ? port : "";
}
