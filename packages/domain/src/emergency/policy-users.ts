import { compilePattern, type Pattern, patternMatches } from "../numbering/pattern.ts";
import type { PatternProblem } from "../numbering/pattern-syntax.ts";
import type { PolicyUsers } from "../topology/emergency-plan.ts";

/** Policies by calling number, ready for lookup: single numbers at once, then patterns in the order written. */
export interface UserIndex {
  readonly exact: ReadonlyMap<string, string>;
  readonly patterns: readonly { readonly pattern: Pattern; readonly policy: string }[];
}

/** A number of the list that is neither a number nor a pattern. */
export interface UserFault extends PatternProblem {
  /** Position of the entry, and of the number in it. */
  readonly entry: number;
  readonly number: number;
}

const plainNumber = /^\+?[0-9]+$/;

/** Indexes the user entries; a number that two list belongs to the first. */
export function indexUsers(users: readonly PolicyUsers[]): { readonly index: UserIndex; readonly faults: UserFault[] } {
  const exact = new Map<string, string>();
  const patterns: { pattern: Pattern; policy: string }[] = [];
  const faults: UserFault[] = [];
  for (const [entry, { numbers, policy }] of users.entries()) {
    for (const [number, text] of numbers.entries()) {
      if (plainNumber.test(text)) {
        const bare = withoutPlus(text);
        if (!exact.has(bare)) exact.set(bare, policy);
        continue;
      }
      const pattern = compilePattern(text);
      if (pattern.ok) patterns.push({ pattern: pattern.value, policy });
      else faults.push({ ...pattern.error, entry, number });
    }
  }
  return { index: { exact, patterns }, faults };
}

/** Name of the policy listed for a calling number, with or without `+`; null when none is. */
export function policyOfUser(callingNumber: string, { exact, patterns }: UserIndex): string | null {
  const listed = exact.get(withoutPlus(callingNumber));
  if (listed !== undefined) return listed;
  return patterns.find(({ pattern }) => patternMatches(pattern, callingNumber))?.policy ?? null;
}

function withoutPlus(number: string): string {
  return number.startsWith("+") ? number.slice(1) : number;
}
