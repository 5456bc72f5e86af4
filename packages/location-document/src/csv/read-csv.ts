import { Readable } from "node:stream";
import type { LisRow } from "@tandem/domain";
import { CsvError, parse } from "csv-parse";
import { readCsvRow, readHeadings, type CsvHeadings, type CsvIssue } from "./read-csv-row.ts";

/** One line of a sheet: the row it makes, if it makes one, and what is wrong with it. */
export interface CsvLine {
  readonly row: LisRow | null;
  readonly issues: readonly CsvIssue[];
}

/** A cell or line longer than this ends the reading: somebody forgot to close a quotation mark. */
const MAX_LINE_OCTETS = 32_768;

/**
 * Reads a location sheet (RFC 4180; UTF-8, with or without byte order mark) line by line, however long it is. Two lines of one key are an error of the
 * second. The heading line is the first thing given, with no row.
 */
export async function* readCsv(octets: AsyncIterable<Uint8Array | string>): AsyncGenerator<CsvLine> {
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_LINE_OCTETS,
  });
  const source = Readable.from(octets);
  source.on("error", (error) => parser.destroy(error));
  source.pipe(parser);
  const lines = new SheetLines();
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRecord>) {
      const line = lines.read(record, info.lines);
      yield line;
      if (lines.hopeless) return;
    }
    if (!lines.begun) yield { row: null, issues: [EMPTY] };
  } catch (thrown) {
    if (!(thrown instanceof CsvError)) throw thrown;
    yield { row: null, issues: [unreadable(thrown)] };
  } finally {
    source.destroy();
    parser.destroy();
  }
}

interface ParsedRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

const EMPTY: CsvIssue = {
  row: 1,
  column: "",
  severity: "error",
  problem: "the sheet is empty",
  fix: "the first line names the columns, each further line is a row",
};

class SheetLines {
  #headings: CsvHeadings | null = null;
  readonly #seen = new Map<string, number>();
  hopeless = false;

  get begun(): boolean {
    return this.#headings !== null;
  }

  read(cells: readonly string[], line: number): CsvLine {
    if (this.#headings === null) {
      const { headings, issues } = readHeadings(cells);
      this.#headings = headings;
      this.hopeless = issues.some(({ severity }) => severity === "error");
      return { row: null, issues };
    }
    const read = readCsvRow(cells, this.#headings, line);
    const before = read.row === null ? undefined : this.#seen.get(read.row.key);
    if (read.row === null) return read;
    if (before === undefined) {
      this.#seen.set(read.row.key, line);
      return read;
    }
    const problem = `found by the same as line ${before}`;
    const fix = "one network has one address; leave one out, or give them different subnets";
    return { row: null, issues: [...read.issues, { row: line, column: "", severity: "error", problem, fix }] };
  }
}

function unreadable(error: CsvError): CsvIssue {
  const row = typeof error["lines"] === "number" ? error["lines"] : 0;
  const fix = "write it as RFC 4180 says: cells with a comma, a line end or a quotation mark stand in quotation marks";
  return { row, column: "", severity: "error", problem: `the sheet cannot be read further (${error.code})`, fix };
}
