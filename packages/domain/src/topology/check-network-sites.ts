import { parseIpBlock } from "../routing/ip-address.ts";
import { doubt, fault, type TopologyIssue, useOneOf } from "./topology-issue.ts";
import type { Topology } from "./topology.ts";

/** Sites have subnets of their own and name locations that exist; an ELIN stands for one place. */
export function checkNetworkSites(topology: Topology): readonly TopologyIssue[] {
  return [...checkSubnets(topology), ...checkErlNames(topology), ...checkElins(topology)];
}

function checkSubnets({ emergency }: Topology): readonly TopologyIssue[] {
  const owner = new Map<string, string>();
  return emergency.sites.flatMap(({ subnets }, site) =>
    subnets.flatMap((text, at) => {
      const path = `emergency.sites[${site}].subnets[${at}]`;
      const block = parseIpBlock(text);
      if (block === null) {
        const fix = "write 192.0.2.0/24 or 2001:db8::/48, with zeros after the prefix";
        return [fault(path, `"${text}" is neither an address nor a CIDR block`, fix)];
      }
      const key = `${block.bits}:${block.value.toString(16)}/${block.prefixLength}`;
      const earlier = owner.get(key);
      owner.set(key, earlier ?? path);
      return earlier === undefined ? [] : [fault(path, `"${text}" is listed already at ${earlier}`, "remove one")];
    }),
  );
}

function checkErlNames({ emergency }: Topology): readonly TopologyIssue[] {
  const known = new Set(emergency.erls.map(({ name }) => name));
  return emergency.sites.flatMap(({ erl }, at) => {
    if (erl === null || known.has(erl)) return [];
    const path = `emergency.sites[${at}].erl`;
    return [fault(path, `names emergency response location "${erl}", which does not exist`, useOneOf(known))];
  });
}

function checkElins({ emergency }: Topology): readonly TopologyIssue[] {
  const owner = new Map<string, string>();
  return emergency.erls.flatMap(({ elins }, erl) =>
    elins.flatMap((elin, at) => {
      const path = `emergency.erls[${erl}].elins[${at}]`;
      const earlier = owner.get(elin);
      owner.set(elin, earlier ?? path);
      const problem = `"${elin}" stands for another place at ${earlier ?? ""}`;
      return earlier === undefined ? [] : [doubt(path, problem, "give each place numbers of its own")];
    }),
  );
}
