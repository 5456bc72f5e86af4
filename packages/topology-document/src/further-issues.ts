import { checkTopology, compileSnapshot, type TopologyIssue } from "@tandem/domain";
import type { z } from "zod";
import { buildTopology } from "./build-topology.ts";
import { domainIssues } from "./domain-issues.ts";
import { formatPath, removeAt, setValueAt, valueAt } from "./issue-path.ts";
import { faultyPaths } from "./schema-issues.ts";
import { topologyDocument } from "./schema/document-schema.ts";

/** What stands in for a required field that is missing or wrong; its path is left out of the findings. */
const standIns: Readonly<Record<string, (serial: number) => unknown>> = {
  name: (serial) => `unnamed-${serial}`,
  pool: (serial) => `unnamed-${serial}`,
  listener: (serial) => `unnamed-${serial}`,
  gateway: (serial) => `unnamed-${serial}`,
  address: (serial) => `unnamed-${serial}.invalid`,
  port: (serial) => 65_535 - serial,
  transport: () => "udp",
  kind: () => "sbc",
  match: () => ".*",
  replace: () => "$&",
  becomes: () => 500,
  dial: (serial) => String(serial).padStart(10, "0"),
};

const rounds = 4;

/**
 * Problems of references and patterns in a document that also has schema errors: the faulty parts are taken out or stood in for, and the rest is
 * checked. Empty when too little is left.
 */
export function furtherIssues(document: unknown, error: z.ZodError): readonly TopologyIssue[] {
  const rest = structuredClone(document);
  const touched: string[] = [];
  let failure: z.ZodError = error;
  for (let round = 0; round < rounds; round += 1) {
    for (const path of faultyPaths(failure)) {
      touched.push(formatPath(path));
      mend(rest, path, touched.length);
    }
    const parsed = topologyDocument.safeParse(rest);
    if (parsed.success) return findings(parsed.data, rest, touched);
    failure = parsed.error;
  }
  return [];
}

function mend(rest: unknown, path: readonly PropertyKey[], serial: number): void {
  const standIn = standIns[String(path.at(-1))];
  const missing = valueAt(rest, path) === undefined;
  if (missing && standIn !== undefined) setValueAt(rest, path, standIn(serial));
  else removeAt(rest, path);
}

function findings(
  document: z.output<typeof topologyDocument>,
  rest: unknown,
  touched: readonly string[],
): readonly TopologyIssue[] {
  const topology = buildTopology(document);
  const compiled = compileSnapshot(topology);
  const issues = domainIssues(compiled.ok ? checkTopology(topology) : compiled.error, rest);
  // Where a name was faulty, references to it cannot be judged.
  const namesKnown = !touched.some((path) => path.endsWith(".name"));
  return issues.filter((issue) => {
    if (touched.some((path) => issue.path.startsWith(path))) return false;
    return namesKnown || !/does not (?:exist|have)/.test(issue.problem);
  });
}
