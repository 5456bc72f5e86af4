import { err, type Result, type Snapshot } from "@tandem/domain";
import { compileApart } from "./compile-apart.ts";

/** A published document to a snapshot, as `compileApart`; its errors as sentences for the log, `path problem`, without warnings. */
export async function compilePublished(json: string): Promise<Result<Snapshot, readonly string[]>> {
  const compiled = await compileApart(json);
  if (compiled.ok) return compiled;
  const errors = compiled.error.filter(({ severity }) => severity === "error");
  return err(errors.map(({ path, problem }) => `${path} ${problem}`));
}
