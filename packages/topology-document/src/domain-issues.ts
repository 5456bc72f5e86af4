import type { TopologyIssue } from "@tandem/domain";
import { valueAt } from "./issue-path.ts";

const inTrunk = /^trunks\[(\d+)\]\.settings\.([A-Za-z]+)/;

/**
 * The domain's issues with paths as in the document: settings stand directly under their trunk, or under `trunkDefaults` when the trunk has
 * them from there; then many trunks share one issue.
 */
export function domainIssues(issues: readonly TopologyIssue[], document: unknown): readonly TopologyIssue[] {
  const translated = issues.map((issue) => ({ ...issue, path: documentPath(issue.path, document) }));
  const seen = new Set<string>();
  return translated.filter((issue) => {
    const key = `${issue.path}\n${issue.problem}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function documentPath(path: string, document: unknown): string {
  const found = inTrunk.exec(path);
  if (found === null) return path;
  const [, trunk, setting = ""] = found;
  const own = valueAt(document, ["trunks", Number(trunk), setting]);
  const start = own === undefined ? "trunkDefaults" : `trunks[${trunk}]`;
  return path.replace(/^trunks\[\d+\]\.settings/, start);
}
