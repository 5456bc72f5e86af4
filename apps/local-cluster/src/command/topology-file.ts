import { readFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { err, ok, type Listener, type Pool, type Result, type TopologyIssue } from "@tandem/domain";
import { parseTopologyDocument, type ParsedTopology } from "@tandem/topology-document";
import { EXIT, type StartFailure } from "../exit-codes.ts";

/** A topology file that was read and is in order. */
export interface LoadedTopology extends ParsedTopology {
  readonly text: string;
  /** Media type for the control API. */
  readonly contentType: "application/json" | "application/yaml";
}

/** Reads and checks a topology file. File names in it hold relative to its folder. */
export async function loadTopology(file: string): Promise<Result<LoadedTopology, StartFailure>> {
  const format = extname(file).toLowerCase() === ".json" ? "json" : "yaml";
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return err({ exitCode: EXIT.topologyUnreadable, sentence: `The topology file ${file} cannot be read (${code}).` });
  }
  const parsed = parseTopologyDocument(text, { format });
  if (!parsed.ok) return err({ exitCode: EXIT.topologyInvalid, sentence: describeIssues(file, parsed.error) });
  const { topology } = parsed.value;
  const pools = topology.pools.map((pool) => withAbsoluteFiles(pool, dirname(file)));
  return ok({ ...parsed.value, topology: { ...topology, pools }, text, contentType: `application/${format}` });
}

function describeIssues(file: string, issues: readonly TopologyIssue[]): string {
  const lines = issues.map(({ severity, path, problem, fix }) => {
    const mark = severity === "warning" ? "warning: " : "";
    return `  ${mark}${path === "" ? "the document" : path} ${problem}: ${fix}.`;
  });
  return [`The topology ${file} has errors:`, ...lines].join("\n");
}

function withAbsoluteFiles(pool: Pool, folder: string): Pool {
  return { ...pool, listeners: pool.listeners.map((listener) => listenerWithAbsoluteFiles(listener, folder)) };
}

function listenerWithAbsoluteFiles(listener: Listener, folder: string): Listener {
  if (listener.tls === undefined) return listener;
  const { certificateFile, keyFile, caFile, mutual } = listener.tls;
  return {
    ...listener,
    tls: {
      certificateFile: resolve(folder, certificateFile),
      keyFile: resolve(folder, keyFile),
      ...(caFile !== undefined && { caFile: resolve(folder, caFile) }),
      mutual,
    },
  };
}
