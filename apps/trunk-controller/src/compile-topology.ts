import type { CompileTopology } from "@tandem/call-control";
import { err, ok } from "@tandem/domain";
import { parseTopologyDocument } from "@tandem/topology-document";

/** A published document to a snapshot; problems as `path problem`. */
export const compileTopology: CompileTopology = (json) => {
  const parsed = parseTopologyDocument(json, { format: "json" });
  if (parsed.ok) return ok(parsed.value.snapshot);
  const errors = parsed.error.filter(({ severity }) => severity === "error");
  return err(errors.map(({ path, problem }) => `${path} ${problem}`));
};
