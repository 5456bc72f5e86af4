import type { CompileTopology } from "@tandem/call-control";
import { err } from "@tandem/domain";
import { compileApart } from "@tandem/topology-document/apart";

/** A published document to a snapshot, without holding up the process; problems as `path problem`. */
export const compileTopology: CompileTopology = async (json) => {
  const compiled = await compileApart(json);
  if (compiled.ok) return compiled;
  const errors = compiled.error.filter(({ severity }) => severity === "error");
  return err(errors.map(({ path, problem }) => `${path} ${problem}`));
};
