import { err, ok, type Result, type TopologyIssue } from "@tandem/domain";
import { CORE_SCHEMA, FAILSAFE_SCHEMA, load, YAMLException } from "js-yaml";

/** Largest document in characters: 100 000 routes fit. */
export const maxDocumentLength = 32 * 1024 * 1024;
/** Aliases (`*name`) may save typing, not blow a small text up into a large document. */
const maxAliases = 100;

/** Values that a document of a few lines may hold with its aliases. */
const smallDocument = 10_000;

export type DocumentFormat = "yaml" | "json";

/** A document as plain values, and how its plain YAML scalars were written: `911` and `+1212…` look like numbers there. */
export interface RawDocument {
  readonly value: unknown;
  /** The same with every scalar as it was written; null where only text is text (JSON). */
  readonly written: (() => unknown) | null;
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
    return ok({ value: JSON.parse(text) as unknown, written: null });
  } catch (error) {
    const problem = `is not JSON: ${error instanceof Error ? error.message : "unreadable"}`;
    return err([unreadable("document", problem, "correct the syntax there")]);
  }
}

const oneDocument = "write one document with pools, gateways and trunks";

function readYaml(text: string): Result<RawDocument, readonly TopologyIssue[]> {
  try {
    const value = load(text, { schema: CORE_SCHEMA, maxAliases });
    if (isBlownUp(value, text)) return err([unreadable("document", "is blown up by its aliases", "use fewer aliases")]);
    return ok({ value, written: lazily(() => load(text, { schema: FAILSAFE_SCHEMA, maxAliases })) });
  } catch (error) {
    if (error instanceof YAMLException) {
      // Without a place it is about the file as a whole: nothing in it, or more than one document.
      if (error.mark === undefined)
        return err([unreadable("document", `cannot be read: ${error.reason}`, oneDocument)]);
      const { line, column } = error.mark;
      const place = `line ${line + 1}, column ${column + 1}`;
      return err([unreadable(place, `is not YAML: ${error.reason}`, "correct the syntax there")]);
    }
    const problem = `cannot be read: ${error instanceof Error ? error.message : "unreadable"}`;
    return err([unreadable("document", problem, "use fewer aliases and less nesting")]);
  }
}

/** An alias stands for all that its anchor holds, aliases included: few of them can mean more than anybody can walk through, or no end at all. */
function isBlownUp(value: unknown, text: string): boolean {
  if (!text.includes("*") || !text.includes("&")) return false;
  let left = Math.max(text.length, smallDocument);
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    left -= 1;
    if (left < 0) return true;
    if (typeof next === "object" && next !== null) for (const inner of Object.values(next)) open.push(inner);
  }
  return false;
}

function lazily(read: () => unknown): () => unknown {
  let known: { readonly value: unknown } | null = null;
  return () => (known ??= { value: read() }).value;
}

function unreadable(path: string, problem: string, fix: string): TopologyIssue {
  return { severity: "error", path, problem, fix };
}
