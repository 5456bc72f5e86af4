import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { err, ok, type Result } from "@tandem/domain";
import { EXIT, type StartFailure } from "../exit-codes.ts";

/** Where logs, detail records and what processes share are kept. */
export interface DataFolder {
  readonly path: string;
  /** Removes a temporary one, and leaves one that the person named. */
  remove(): void;
}

/** Makes the folder where it is missing. @param wanted Absolute path; null: a temporary folder. */
export function openDataFolder(wanted: string | null): Result<DataFolder, StartFailure> {
  try {
    if (wanted === null) {
      const path = mkdtempSync(join(tmpdir(), "tandem-"));
      return ok({ path, remove: () => rmSync(path, { recursive: true, force: true }) });
    }
    mkdirSync(wanted, { recursive: true });
    accessSync(wanted, constants.W_OK | constants.X_OK);
    return ok({ path: wanted, remove: () => undefined });
  } catch (error) {
    return err(explain(wanted ?? tmpdir(), (error as NodeJS.ErrnoException).code ?? String(error)));
  }
}

function explain(path: string, code: string): StartFailure {
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return { exitCode: EXIT.missingRights, sentence: `This user may not write to the folder ${path}.` };
    case "EEXIST":
    case "ENOTDIR":
      return { exitCode: EXIT.usage, sentence: `There is a file where the folder ${path} should be.` };
    default:
      return { exitCode: EXIT.processFailed, sentence: `The folder ${path} cannot be used (${code}).` };
  }
}
