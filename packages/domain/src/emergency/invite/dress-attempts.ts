import type { AttemptPlan } from "../../call/leg-profile.ts";
import { applyNumberRules } from "../../numbering/number-rule.ts";
import type { Snapshot } from "../../topology/snapshot.ts";
import type { EmergencyPreparation } from "../preparation.ts";

/**
 * The attempts with the numbers their profiles want: `i3` goes to the service itself (NENA-STA-010.3 §4.1: Request-URI and To), `elin` calls from the
 * number lent to the call, all others from the callback number, translated as the trunk says.
 */
export function dressAttempts(
  attempts: readonly AttemptPlan[],
  preparation: EmergencyPreparation,
  snapshot: Snapshot,
): readonly AttemptPlan[] {
  const dressed = (plan: AttemptPlan): AttemptPlan => {
    const { callbackNumber, elin, service } = preparation;
    const rules = snapshot.trunks.get(plan.profile.trunk)?.callingRules ?? [];
    const caller = callbackNumber === "" ? plan.callingNumber : applyNumberRules(rules, callbackNumber).number;
    const lent = plan.emergency?.kind === "elin" ? elin : null;
    return {
      ...plan,
      callingNumber: lent ?? caller,
      calledNumber: plan.emergency?.kind === "i3" ? service : plan.calledNumber,
      ...(plan.inClear !== undefined && { inClear: dressed(plan.inClear) }),
    };
  };
  return attempts.map(dressed);
}
