import { fault, type TopologyIssue } from "./topology-issue.ts";
import type { Topology } from "./topology.ts";

const nameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Names are plain and used once in their list: they are keys, labels and references. */
export function checkNames(topology: Topology): readonly TopologyIssue[] {
  return [
    ...uniqueNames(topology.pools, "pools"),
    ...topology.pools.flatMap((pool, at) => uniqueNames(pool.listeners, `pools[${at}].listeners`)),
    ...uniqueNames(topology.gateways, "gateways"),
    ...uniqueNames(topology.trunks, "trunks"),
    ...uniqueNames(topology.dialPlans, "dialPlans"),
    ...uniqueNames(topology.routes, "routes"),
    ...uniqueNames(topology.emergency.policies, "emergency.policies"),
    ...uniqueNames(topology.emergency.sites, "emergency.sites"),
    ...uniqueNames(topology.emergency.erls, "emergency.erls"),
    ...uniqueNames(topology.emergency.notificationTargets, "emergency.notificationTargets"),
  ];
}

function uniqueNames(items: readonly { readonly name: string }[], list: string): readonly TopologyIssue[] {
  const first = new Map<string, number>();
  return items.flatMap(({ name }, at) => {
    const path = `${list}[${at}].name`;
    const earlier = first.get(name);
    if (earlier !== undefined) return [fault(path, `repeats the name "${name}" of ${list}[${earlier}]`, "rename one")];
    first.set(name, at);
    return nameForm.test(name) ? [] : [fault(path, "is no name", "use letters, digits, dots, dashes, underscores")];
  });
}
