import { barePlan } from "../call/bare-plan.ts";
import type { AttemptPlan, LegProfile } from "../call/leg-profile.ts";
import { applyNumberRules } from "../numbering/number-rule.ts";
import type { CompiledTrunk, Snapshot } from "../topology/snapshot.ts";
import { exemptPlan } from "./attempt-plan.ts";

/** Who is called back: somebody who made an emergency call. */
export interface CalledBack {
  /** His number as his side wrote it. */
  readonly number: string;
  readonly contact: string;
  /** His leg of the emergency call. */
  readonly profile: LegProfile;
}

/**
 * The ways to somebody who made an emergency call: the trunk he called by, then the other trunks to the same gateway. Dial plans, routes and limits do not
 * count. Where the trunk is gone, or there was none, he is called at his Contact, as RFC 6881 SP-35 has it.
 */
export function callbackPlans(caller: CalledBack, callingNumber: string, snapshot: Snapshot): readonly AttemptPlan[] {
  const own = snapshot.trunks.get(caller.profile.trunk);
  if (own === undefined) return contactPlans(caller, callingNumber);
  const sameGateway = [...snapshot.trunks.values()].filter(
    (trunk) => trunk !== own && trunk.gateway === own.gateway && trunk.trunk.settings.enabled,
  );
  return [own, ...sameGateway].map((trunk) => planOn(trunk, { number: caller.number, callingNumber }, snapshot));
}

interface Numbers {
  readonly number: string;
  readonly callingNumber: string;
}

function planOn(trunk: CompiledTrunk, { number, callingNumber }: Numbers, snapshot: Snapshot): AttemptPlan {
  const attempt = {
    trunk: trunk.trunk.name,
    route: null,
    calledNumber: number,
    callingNumber: applyNumberRules(trunk.callingRules, callingNumber).number,
    suppressCallerId: false,
    emergency: null,
  };
  return { ...exemptPlan(attempt, trunk), headers: marks(trunk.trunk.settings.trusted, snapshot) };
}

/** RFC 7090 §5: the mark means something inside a trust domain only. The configured header goes to the caller's side in any case. */
function marks(trusted: boolean, snapshot: Snapshot): readonly (readonly [string, string])[] {
  const { callbackHeader } = snapshot.emergency.plan;
  const own = callbackHeader === null ? [] : [[callbackHeader.name, callbackHeader.value] as const];
  return trusted ? [["Priority", "psap-callback"], ...own] : own;
}

function contactPlans({ number, contact, profile }: CalledBack, callingNumber: string): readonly AttemptPlan[] {
  const plan = barePlan(profile, { calledNumber: number, callingNumber });
  return [contact === "" ? plan : { ...plan, requestUri: contact }];
}
