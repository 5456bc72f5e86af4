import { indexEmergencyNumbers } from "../emergency/classify-emergency.ts";
import { indexSites } from "../emergency/network-sites.ts";
import { indexUsers, type UserFault } from "../emergency/policy-users.ts";
import type { CompiledDialPlan } from "../numbering/dial-plan.ts";
import type { EmergencyPlan } from "./emergency-plan.ts";
import type { CompiledEmergency, CompiledTrunk, OpenTrunks } from "./snapshot.ts";

/** The emergency section ready for deciding calls; `faults` are user entries that are no patterns. */
export function compileEmergency(
  plan: EmergencyPlan,
  { dialPlans, trunks }: { readonly dialPlans: readonly CompiledDialPlan[]; readonly trunks: readonly CompiledTrunk[] },
): { readonly emergency: CompiledEmergency; readonly faults: readonly UserFault[] } {
  const { index: users, faults } = indexUsers(plan.users);
  const prefixes = dialPlans.map((dialPlan) => dialPlan.externalAccessPrefix).filter((prefix) => prefix !== "");
  const everybodys = plan.policies.flatMap((policy) => policy.numbers);
  const policies = plan.policies.map((policy) => {
    return [policy.name, { policy, index: indexEmergencyNumbers(policy.numbers, plan.numbers) }] as const;
  });
  const emergency = {
    plan,
    index: indexEmergencyNumbers(plan.numbers),
    anyIndex: indexEmergencyNumbers(plan.numbers, everybodys),
    policies: new Map(policies),
    sites: indexSites(plan.sites),
    users,
    open: openTrunks(trunks),
    prefixes: [...new Set(prefixes)],
  };
  return { emergency, faults };
}

/** Not the clear twin of a TLS trunk: that one waits for a TLS failure. */
function openTrunks(trunks: readonly CompiledTrunk[]): OpenTrunks {
  const twins = new Set(trunks.map(({ trunk }) => trunk.settings.clearTrunk));
  const open = trunks.filter(({ trunk }) => !twins.has(trunk.name));
  return {
    e911: open.filter(({ gateway }) => gateway.kind === "e911"),
    elin: open.filter(({ trunk }) => trunk.settings.emergency.profile === "elin"),
    pstn: open.filter(({ gateway }) => gateway.kind === "pstn" || gateway.kind === "sbc"),
  };
}
