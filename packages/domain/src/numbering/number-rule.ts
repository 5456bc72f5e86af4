import { err, ok, type Result } from "../lang/result.ts";
import type { NumberRule } from "../topology/topology.ts";
import { compileWholePattern, type Pattern, patternGroups } from "./pattern.ts";
import type { PatternProblem } from "./pattern-syntax.ts";

export interface CompiledRule {
  readonly name: string;
  readonly pattern: Pattern;
  /** Literal texts and group numbers, in order. */
  readonly replacement: readonly (string | number)[];
}

/** What a list of rules made of a number; `rule` is null when none matched and the number stays. */
export interface RuleResult {
  readonly number: string;
  readonly rule: string | null;
}

/** A problem with the field of the rule that holds it. */
export interface RuleProblem extends PatternProblem {
  readonly field: "match" | "replace";
}

/** Compiles one rule; `replace` may hold `$1`…`$9`, `$&` (the whole number) and `$$` (a dollar sign). */
export function compileNumberRule(rule: NumberRule): Result<CompiledRule, RuleProblem> {
  const pattern = compileWholePattern(rule.match);
  if (!pattern.ok) return err({ field: "match", ...pattern.error });
  const replacement: (string | number)[] = [];
  for (const [piece] of rule.replace.matchAll(/\$[$&0-9]|\$|[^$]+/g)) {
    if (!piece.startsWith("$")) replacement.push(piece);
    else if (piece === "$$") replacement.push("$");
    else if (piece === "$&") replacement.push(0);
    else {
      const group = Number(piece.slice(1));
      if (piece === "$" || group < 1 || group > pattern.value.groups) {
        const problem = `refers to "${piece}", and the pattern has ${pattern.value.groups} group(s)`;
        return err({
          field: "replace",
          problem,
          fix: 'use "$1" for the first (…), "$&" for all, "$$" for a dollar sign',
        });
      }
      replacement.push(group);
    }
  }
  return ok({ name: rule.name, pattern: pattern.value, replacement });
}

/** First rule whose pattern matches the whole number rewrites it. */
export function applyNumberRules(rules: readonly CompiledRule[], number: string): RuleResult {
  for (const rule of rules) {
    const groups = patternGroups(rule.pattern, number);
    if (groups === null) continue;
    const pieces = rule.replacement.map((piece) => {
      if (typeof piece === "string") return piece;
      return piece === 0 ? number : (groups[piece - 1] ?? "");
    });
    return { number: pieces.join(""), rule: rule.name };
  }
  return { number, rule: null };
}
