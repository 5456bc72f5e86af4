import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { MAX_LIS_BATCH, type LisEdition, type LisReplacement, type LocationDatabase } from "@tandem/call-control";
import { err, ok, type Failure, type LisRow, type Result } from "@tandem/domain";
import { csvHeading, csvLines, readCsv, type CsvIssue } from "@tandem/location-document";
import { IssueTally } from "./check-draft.ts";

/** What an import did. */
export interface ImportedSheet {
  readonly applied: boolean;
  readonly rows: number;
  readonly errors: number;
  readonly warnings: number;
  readonly issues: readonly CsvIssue[];
}

/**
 * Reads a sheet into the draft. `replace`: the sheet is the whole draft then; with any error, or when the sheet or the store ends half-way, nothing
 * changes. `merge`: rows are added or replaced one by one, and lines with errors are left out.
 */
export async function importSheet(
  database: LocationDatabase,
  sheet: AsyncIterable<Uint8Array>,
  mode: "replace" | "merge",
): Promise<Result<ImportedSheet, Failure>> {
  if (mode === "replace") return replaceDraft(database.replacement(randomUUID()), sheet);
  const read = await readRows(sheet, (rows) => database.put(rows));
  return read.ok ? ok({ ...read.value, applied: read.value.rows > 0 }) : read;
}

async function replaceDraft(
  replacement: LisReplacement,
  sheet: AsyncIterable<Uint8Array>,
): Promise<Result<ImportedSheet, Failure>> {
  let isWhole = false;
  try {
    const read = await readRows(sheet, (rows) => replacement.add(rows));
    if (!read.ok) return read;
    if (read.value.errors > 0) return ok({ ...read.value, applied: false });
    isWhole = true;
    const committed = await replacement.commit();
    return committed.ok ? ok({ ...read.value, applied: true }) : committed;
  } finally {
    // What cannot be abandoned now lapses by itself.
    if (!isWhole) await replacement.abandon();
  }
}

async function readRows(
  sheet: AsyncIterable<Uint8Array>,
  take: (rows: readonly LisRow[]) => Promise<Result<void, Failure>>,
): Promise<Result<Omit<ImportedSheet, "applied">, Failure>> {
  const tally = new IssueTally<CsvIssue>();
  let batch: LisRow[] = [];
  let rows = 0;
  for await (const line of readCsv(sheet)) {
    for (const issue of line.issues) tally.add(issue);
    if (line.row === null) continue;
    rows += 1;
    batch.push(line.row);
    if (batch.length < MAX_LIS_BATCH) continue;
    const taken = await take(batch);
    if (!taken.ok) return err(taken.error);
    batch = [];
  }
  const taken = await take(batch);
  if (!taken.ok) return err(taken.error);
  const { errors, warnings, issues } = tally;
  return ok({ rows, errors, warnings, issues });
}

/** An edition as a sheet, as it is read. A failure on the way ends it in the middle, which the receiver sees by the connection's end. */
export function exportSheet(database: LocationDatabase, edition: LisEdition): Readable {
  return Readable.from(sheetLines(database, edition));
}

async function* sheetLines(database: LocationDatabase, edition: LisEdition): AsyncGenerator<string> {
  yield csvHeading();
  const seen = new Set<string>();
  let cursor = "0";
  do {
    const page = await database.page(edition, cursor);
    if (!page.ok) throw new Error(`the location database cannot be read further: ${page.error.code}`);
    const rows = page.value.rows.filter(({ key }) => !seen.has(key));
    for (const { key } of rows) seen.add(key);
    if (rows.length > 0) yield csvLines(rows);
    cursor = page.value.next;
  } while (cursor !== "0");
}
