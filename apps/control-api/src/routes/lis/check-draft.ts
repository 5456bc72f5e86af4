import { checkLisRow, err, ok, type Failure, type LisRow, type LisRowIssue, type Result } from "@tandem/domain";
import { currentTopology } from "../../current-topology.ts";
import type { ControlServices } from "../../services.ts";

/** Most issues told at once; their numbers are whole. */
const MAX_ISSUES = 1_000;

/** What is wrong with rows. */
export interface CheckedDraft {
  readonly revision: number;
  readonly rows: number;
  readonly errors: number;
  readonly warnings: number;
  readonly issues: readonly (LisRowIssue & { readonly key: string })[];
}

/** Counts and keeps the first issues of whatever is checked. */
export class IssueTally<Issue extends { readonly severity: "error" | "warning" }> {
  readonly issues: Issue[] = [];
  errors = 0;
  warnings = 0;

  add(issue: Issue): void {
    if (issue.severity === "error") this.errors += 1;
    else this.warnings += 1;
    if (this.issues.length < MAX_ISSUES) this.issues.push(issue);
  }
}

/** Looks at every row of the draft against the topology in force. A draft that changes meanwhile is noticed by whoever publishes the revision told. */
export async function checkDraft(services: ControlServices): Promise<Result<CheckedDraft, Failure>> {
  const state = await services.locations.state();
  if (!state.ok) return state;
  const topology = await currentTopology(services);
  if (!topology.ok) return topology;
  const erls = topology.value?.topology.emergency.erls.map(({ name }) => name) ?? null;
  const names = erls === null ? null : new Set(erls);
  const tally = new IssueTally<LisRowIssue & { readonly key: string }>();
  const owners = new ElinOwners();
  const keys = new Set<string>();
  let cursor = "0";
  do {
    const page = await services.locations.page("draft", cursor);
    if (!page.ok) return err(page.error);
    for (const row of page.value.rows) {
      if (keys.has(row.key)) continue;
      keys.add(row.key);
      for (const issue of [...checkLisRow(row, names), ...owners.check(row)]) tally.add({ key: row.key, ...issue });
    }
    cursor = page.value.next;
  } while (cursor !== "0");
  const { errors, warnings, issues } = tally;
  return ok({ revision: state.value.draft.revision, rows: keys.size, errors, warnings, issues });
}

/** A number stands for one place: a PSAP that calls it back, or looks it up, finds one. */
class ElinOwners {
  readonly #places = new Map<string, string>();

  check({ erl, elins, civic }: LisRow): readonly LisRowIssue[] {
    const place = erl === "" ? JSON.stringify(civic) : erl;
    return elins.flatMap((elin): LisRowIssue[] => {
      const known = this.#places.get(elin) ?? place;
      this.#places.set(elin, known);
      if (known === place) return [];
      const problem = "an ELIN of this row stands for another place in another row";
      return [{ field: "elins", severity: "error", problem, fix: "give each place numbers of its own" }];
    });
  }
}
