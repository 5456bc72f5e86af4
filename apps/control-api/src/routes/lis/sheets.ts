import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { MAX_LIS_BATCH, type LisEdition, type LocationDatabase } from "@tandem/call-control";
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
 * Reads a sheet into the draft. `replace`: the sheet is the whole draft then; with any error nothing changes. `merge`: rows are added or replaced one by
 * one, and lines with errors are left out.
 */
export async function importSheet(
  database: LocationDatabase,
  sheet: AsyncIterable<Uint8Array>,
  mode: "replace" | "merge",
): Promise<Result<ImportedSheet, Failure>> {
  const replacement = mode === "replace" ? database.replacement(randomUUID()) : null;
  const take = (rows: readonly LisRow[]): Promise<Result<void, Failure>> =>
    replacement?.add(rows) ?? database.put(rows);
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
  const refused = replacement !== null && errors > 0;
  if (replacement !== null) {
    const ended = refused ? await replacement.abandon() : await replacement.commit();
    if (!ended.ok) return err(ended.error);
  }
  return ok({ applied: !refused && (mode === "replace" || rows > 0), rows, errors, warnings, issues });
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
