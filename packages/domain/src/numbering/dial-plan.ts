import { applyNumberRules, type CompiledRule, type RuleResult } from "./number-rule.ts";

export interface CompiledDialPlan {
  readonly name: string;
  readonly externalAccessPrefix: string;
  readonly rules: readonly CompiledRule[];
}

/**
 * Brings a dialled number into the form that routes match. Rules see the number as dialled, first match wins. When none matches and the number
 * begins with the external access prefix, the prefix falls away and the rules see the rest; when none matches that either, the rest stands.
 * Without a dial plan the number stays as it is.
 */
export function normaliseNumber(plan: CompiledDialPlan | null, dialled: string): RuleResult {
  if (plan === null) return { number: dialled, rule: null };
  const direct = applyNumberRules(plan.rules, dialled);
  const prefix = plan.externalAccessPrefix;
  if (direct.rule !== null || prefix === "" || !dialled.startsWith(prefix) || dialled === prefix) return direct;
  return applyNumberRules(plan.rules, dialled.slice(prefix.length));
}
