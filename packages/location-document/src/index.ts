export { readPidf } from "./read-pidf.ts";
export { composeHeldRequest, readHeldRequest, wantsCivic, type HeldRequest } from "./held/held-request.ts";
export {
  composeHeldError,
  composeHeldResponse,
  HELD_TYPE,
  readHeldAnswer,
  type HeldError,
  type HeldErrorCode,
} from "./held/held-answer.ts";
export { readCsv, type CsvLine } from "./csv/read-csv.ts";
export type { CsvIssue } from "./csv/read-csv-row.ts";
export { csvHeading, csvLines } from "./csv/write-csv.ts";
