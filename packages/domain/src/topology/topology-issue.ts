/** One thing wrong with a topology, in words for the person who wrote it. */
export interface TopologyIssue {
  /** `error`: the topology is refused as a whole; `warning`: it is taken, and somebody should look. */
  readonly severity: "error" | "warning";
  /** Where, as `trunks[3].listener`. */
  readonly path: string;
  /** What is wrong, to be read after the path: `names listener "x", which pool "east" does not have`. */
  readonly problem: string;
  /** What to write instead. */
  readonly fix: string;
}

/** True when nothing in the list forbids the topology. */
export function isAcceptable(issues: readonly TopologyIssue[]): boolean {
  return issues.every((issue) => issue.severity === "warning");
}

export function fault(path: string, problem: string, fix: string): TopologyIssue {
  return { severity: "error", path, problem, fix };
}

export function doubt(path: string, problem: string, fix: string): TopologyIssue {
  return { severity: "warning", path, problem, fix };
}

const listedNames = 12;

/** `use one of: a, b, c`, cut short when there are many. */
export function useOneOf(names: Iterable<string>): string {
  const all = [...names];
  if (all.length === 0) return "define one first";
  const rest = all.length - listedNames;
  return `use one of: ${all.slice(0, listedNames).join(", ")}${rest > 0 ? ` (and ${rest} more)` : ""}`;
}
