import type { RequestFacts } from "../routing/decision.ts";
import type { LocationPolicy, NetworkSite } from "../topology/emergency-plan.ts";
import type { CompiledEmergency, Snapshot } from "../topology/snapshot.ts";
import type { EmergencyIndex } from "./classify-emergency.ts";
import { siteOf } from "./network-sites.ts";
import { policyOfUser } from "./policy-users.ts";

/** What holds for one caller's emergency calls. */
export interface CallerRules {
  readonly site: NetworkSite | null;
  readonly policy: LocationPolicy | null;
  /** Emergency numbers of the policy and of the plan. */
  readonly index: EmergencyIndex;
}

/**
 * The caller's site and location policy. The most specific policy counts: that of the network site, of the number, of the pool the call arrived at,
 * of the plan. Where the caller is beats who it is: help must come to the place.
 */
export function callerRules(facts: RequestFacts, { emergency, pools }: Snapshot): CallerRules {
  const site = facts.callerAddress === null ? null : siteOf(facts.callerAddress, emergency.sites);
  const name =
    site?.policy ??
    policyOfUser(facts.callingNumber, emergency.users) ??
    pools.get(facts.pool)?.locationPolicy ??
    emergency.plan.policy;
  const { policy = null, index = emergency.index } = named(name, emergency) ?? {};
  return { site, policy, index };
}

function named(name: string | null, { policies }: CompiledEmergency) {
  return name === null ? undefined : policies.get(name);
}
