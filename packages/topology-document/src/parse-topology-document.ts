import {
  compileSnapshot,
  err,
  ok,
  type Result,
  type Snapshot,
  type Topology,
  type TopologyIssue,
} from "@tandem/domain";
import type { z } from "zod";
import { buildTopology } from "./build-topology.ts";
import { domainIssues } from "./domain-issues.ts";
import { furtherIssues } from "./further-issues.ts";
import { setValueAt, valueAt } from "./issue-path.ts";
import { type LocalSettings, localSettings } from "./local-settings.ts";
import { type DocumentFormat, type RawDocument, readDocument } from "./read-document.ts";
import { maxIssues, schemaIssues } from "./schema-issues.ts";
import { topologyDocument } from "./schema/document-schema.ts";

/** A topology document that was read, checked and compiled. */
export interface ParsedTopology {
  readonly topology: Topology;
  /** Compiled from `topology`; its warnings are `warnings`. */
  readonly snapshot: Snapshot;
  /** The document as written, as plain JSON values: what is published to the cluster and given back by the control API. */
  readonly document: JsonObject;
  /** The sections for `npm start` and the processes. */
  readonly local: LocalSettings;
  /** Accepted, but somebody should look. */
  readonly warnings: readonly TopologyIssue[];
}

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a topology document in YAML or JSON. Everything that is wrong comes at once, errors and warnings, each with its path in the document,
 * the problem and the fix. Nothing is adjusted silently; a document with one error is refused as a whole.
 */
export function parseTopologyDocument(
  text: string,
  options: { readonly format?: DocumentFormat } = {},
): Result<ParsedTopology, readonly TopologyIssue[]> {
  const raw = readDocument(text, options.format);
  if (!raw.ok) return raw;
  const { document, parsed } = validate(raw.value);
  if (!parsed.success) return err(allIssues(document, parsed.error));
  const topology = buildTopology(parsed.data);
  const snapshot = compileSnapshot(topology);
  if (!snapshot.ok) return err(domainIssues(snapshot.error, document));
  const warnings = domainIssues(snapshot.value.warnings, document);
  return ok({
    topology,
    snapshot: { ...snapshot.value, warnings },
    document: document as JsonObject,
    local: localSettings(parsed.data),
    warnings,
  });
}

function allIssues(document: unknown, error: z.ZodError): readonly TopologyIssue[] {
  const told = schemaIssues(error, document);
  return told.length > maxIssues ? told : [...told, ...furtherIssues(document, error)];
}

interface Validated {
  readonly document: unknown;
  readonly parsed: z.ZodSafeParseResult<z.output<typeof topologyDocument>>;
}

/** Validates; YAML scalars that look like numbers but stand where text belongs (`dial: 911`) count as they were written. */
function validate({ value, written }: RawDocument): Validated {
  const parsed = topologyDocument.safeParse(value);
  if (parsed.success || written === null) return { document: value, parsed };
  const textWanted = parsed.error.issues.filter(
    (issue) => issue.code === "invalid_type" && issue.expected === "string" && isScalar(valueAt(value, issue.path)),
  );
  if (textWanted.length === 0) return { document: value, parsed };
  const document = structuredClone(value);
  for (const { path } of textWanted) setValueAt(document, path, valueAt(written(), path));
  return { document, parsed: topologyDocument.safeParse(document) };
}

function isScalar(value: unknown): boolean {
  return value !== undefined && (typeof value !== "object" || value === null);
}
