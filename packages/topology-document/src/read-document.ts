import { err, ok, type Result, type TopologyIssue } from "@tandem/domain";
import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import { formatPath } from "./issue-path.ts";

/** Largest document in characters: 100 000 routes fit. */
export const maxDocumentLength = 32 * 1024 * 1024;
/** Aliases (`*name`) may save typing, not blow a small text up into a large document. */
const maxAliases = 100;

/** The first few tell what is wrong; those after them are mostly their consequences. */
const maxSyntaxErrors = 10;

export type DocumentFormat = "yaml" | "json";

/** A document as plain values, and how its plain YAML scalars were written: `911` and `+1212…` look like numbers there. */
export interface RawDocument {
  readonly value: unknown;
  /** Path → text of scalars that YAML took for something other than text. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Reads YAML 1.2 or JSON; without a format, text that begins with `{` is JSON. Hostile text gives issues, never a throw. */
export function readDocument(text: string, format?: DocumentFormat): Result<RawDocument, readonly TopologyIssue[]> {
  if (text.length > maxDocumentLength) {
    return err([unreadable("document", `is longer than ${maxDocumentLength} characters`, "split the cluster")]);
  }
  const chosen = format ?? (text.trimStart().startsWith("{") ? "json" : "yaml");
  return chosen === "json" ? readJson(text) : readYaml(text);
}

function readJson(text: string): Result<RawDocument, readonly TopologyIssue[]> {
  try {
    return ok({ value: JSON.parse(text) as unknown, sources: new Map() });
  } catch (error) {
    const problem = `is not JSON: ${error instanceof Error ? error.message : "unreadable"}`;
    return err([unreadable("document", problem, "correct the syntax there")]);
  }
}

function readYaml(text: string): Result<RawDocument, readonly TopologyIssue[]> {
  try {
    const document = parseDocument(text, { prettyErrors: false, logLevel: "silent" });
    if (document.errors.length > 0) {
      const issues = document.errors.slice(0, maxSyntaxErrors).map((error) => {
        return unreadable(placeOf(text, error.pos[0]), `is not YAML: ${error.message}`, "correct the syntax there");
      });
      return err(issues);
    }
    return ok({ value: document.toJS({ maxAliasCount: maxAliases }) as unknown, sources: scalarSources(document) });
  } catch (error) {
    // The library throws on alias bombs, and the engine on absurd nesting.
    const problem = `cannot be read: ${error instanceof Error ? error.message : "unreadable"}`;
    return err([unreadable("document", problem, "use fewer aliases and less nesting")]);
  }
}

/** Counted when there is an error only: the library's own counting costs every document a third of its reading time. */
function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

function scalarSources(document: ReturnType<typeof parseDocument>): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  const collect = (node: unknown, path: readonly PropertyKey[]): void => {
    if (isMap(node)) {
      for (const { key, value } of node.items) collect(value, [...path, isScalar(key) ? String(key.value) : ""]);
    } else if (isSeq(node)) {
      node.items.forEach((item, at) => collect(item, [...path, at]));
    } else if (isScalar(node) && typeof node.value !== "string" && node.source !== undefined) {
      sources.set(formatPath(path), node.source);
    }
  };
  collect(document.contents, []);
  return sources;
}

function unreadable(path: string, problem: string, fix: string): TopologyIssue {
  return { severity: "error", path, problem, fix };
}
