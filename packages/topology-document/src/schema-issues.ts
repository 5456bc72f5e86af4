import type { TopologyIssue } from "@tandem/domain";
import type { z } from "zod";
import { closestName } from "./did-you-mean.ts";
import { formatPath, valueAt } from "./issue-path.ts";
import { knownKeys } from "./schema/known-keys.ts";
import { splitWording } from "./schema/wording.ts";

type SchemaIssue = z.core.$ZodIssue;

/** Most issues put into words: nobody reads more, and a hostile document may have millions. */
export const maxIssues = 200;

/** What the schema found, in words for the person who wrote the document. An unknown key is an issue of its own. */
export function schemaIssues(error: z.core.$ZodError, document: unknown): readonly TopologyIssue[] {
  const described = error.issues.slice(0, maxIssues).flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [knownField(issue, document)];
    return issue.keys.slice(0, maxIssues + 1).map((key) => unknownKey(issue.path, key));
  });
  if (described.length <= maxIssues && error.issues.length <= maxIssues) return described;
  const problem = `has more errors than the ${maxIssues} told here`;
  return [
    ...described.slice(0, maxIssues),
    { severity: "error", path: "document", problem, fix: "correct these first" },
  ];
}

function knownField(issue: SchemaIssue, document: unknown): TopologyIssue {
  return { severity: "error", path: formatPath(issue.path), ...describe(issue, document) };
}

/** Path segments of everything an error is about: what has to go before the rest can be looked at. */
export function faultyPaths(error: z.core.$ZodError): readonly (readonly PropertyKey[])[] {
  return error.issues.flatMap((issue) => {
    return issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
  });
}

function unknownKey(path: readonly PropertyKey[], key: string): TopologyIssue {
  const known = knownKeys(path);
  const close = closestName(key, known);
  return {
    severity: "error",
    path: formatPath([...path, key]),
    problem: "is not a setting here",
    fix: close === null ? `remove it, or use one of: ${known.join(", ")}` : `did you mean "${close}"?`,
  };
}

interface Words {
  readonly problem: string;
  readonly fix: string;
}

function describe(issue: SchemaIssue, document: unknown): Words {
  const value = valueAt(document, issue.path);
  if (value === undefined && issue.path.length > 0) return missing(issue);
  const own = splitWording(issue.message);
  if (own !== null) return own;
  switch (issue.code) {
    case "invalid_type":
      return wrongType(issue.expected, value);
    case "invalid_value":
      return { problem: `is ${shown(value)}`, fix: `use one of: ${issue.values.map(String).join(", ")}` };
    case "too_small":
      return { problem: "is too small or empty", fix: `use at least ${issue.minimum}` };
    case "too_big":
      return { problem: "is too large or too long", fix: `use at most ${issue.maximum}` };
    default:
      return { problem: `is not valid: ${issue.message}`, fix: "see docs/topology.md for its form" };
  }
}

function missing(issue: SchemaIssue): Words {
  const field = String(issue.path.at(-1));
  const choices = issue.code === "invalid_value" ? ` (one of: ${issue.values.map(String).join(", ")})` : "";
  return { problem: "is missing", fix: `add "${field}"${choices}` };
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping of settings",
  undefined: "nothing",
};

function wrongType(expected: string, value: unknown): Words {
  const wanted = typeNames[expected] ?? expected;
  if (expected === "string" && (typeof value === "number" || typeof value === "boolean")) {
    return {
      problem: `is ${typeof value === "number" ? "the number" : ""} ${String(value)}`,
      fix: `put it in quotes: "${String(value)}"`,
    };
  }
  return { problem: `is ${shown(value)}`, fix: `write ${wanted}` };
}

/** A value in few words: what an administrator wrote, cut short. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping of settings";
  return value === null ? "empty" : JSON.stringify(value).slice(0, 60);
}
