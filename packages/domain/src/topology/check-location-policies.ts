import { doubt, fault, type TopologyIssue, useOneOf } from "./topology-issue.ts";
import type { Topology } from "./topology.ts";

/** Location policies and whoever names one. Trunks and numbers of policies are checked with the section's own. */
export function checkLocationPolicies(topology: Topology): readonly TopologyIssue[] {
  const { emergency, pools } = topology;
  const known = new Set(emergency.policies.map(({ name }) => name));
  const unknown = (name: string | null | undefined, path: string): readonly TopologyIssue[] => {
    if (name === null || name === undefined || known.has(name)) return [];
    return [fault(path, `names location policy "${name}", which does not exist`, useOneOf(known))];
  };
  return [
    ...unknown(emergency.policy, "emergency.policy"),
    ...pools.flatMap(({ locationPolicy }, at) => unknown(locationPolicy, `pools[${at}].locationPolicy`)),
    ...emergency.users.flatMap(({ policy }, at) => unknown(policy, `emergency.users[${at}].policy`)),
    ...emergency.sites.flatMap(({ policy }, at) => unknown(policy, `emergency.sites[${at}].policy`)),
    ...checkNotify(topology),
    ...checkConferences(topology),
    ...checkControlPorts(topology, "mediaRelays", 22_222),
    ...checkControlPorts(topology, "mediaMixers", 22_300),
  ];
}

function checkNotify({ emergency }: Topology): readonly TopologyIssue[] {
  const targets = new Set(emergency.notificationTargets.map(({ name }) => name));
  return emergency.policies.flatMap(({ notify }, policy) =>
    notify.flatMap((name, at) => {
      const path = `emergency.policies[${policy}].notify[${at}]`;
      if (!targets.has(name)) {
        return [fault(path, `names notification target "${name}", which does not exist`, useOneOf(targets))];
      }
      return notify.indexOf(name) < at ? [doubt(path, `repeats target "${name}"`, "remove it")] : [];
    }),
  );
}

/** A desk that joins by a leg of ours hears what a media relay copies to it. */
function checkConferences({ emergency, trunks }: Topology): readonly TopologyIssue[] {
  const known = new Set(trunks.map(({ name }) => name));
  return emergency.policies.flatMap(({ conference }, at) => {
    if (conference?.by !== "local") return [];
    const path = `emergency.policies[${at}].conference`;
    const issues: TopologyIssue[] = [];
    if (emergency.mediaRelays.length === 0) {
      const problem = "is local: a copy of the call's audio needs rtpengine, which this topology does not have";
      issues.push(fault(`${path}.by`, problem, "list its ng ports as emergency.mediaRelays, or use by: provider"));
    }
    if (conference.mode === "twoway" && emergency.mediaMixers.length === 0) {
      const problem = "is twoway: a local desk is heard by a mixer, which this topology does not have";
      issues.push(
        fault(
          `${path}.mode`,
          problem,
          "list control ports of media-mixer as emergency.mediaMixers, or use mode: oneway",
        ),
      );
    }
    if (conference.trunk === null) issues.push(fault(`${path}.trunk`, "is missing", "name the trunk to the desk"));
    else if (!known.has(conference.trunk)) {
      const problem = `names trunk "${conference.trunk}", which does not exist`;
      issues.push(fault(`${path}.trunk`, problem, useOneOf(known)));
    }
    return issues;
  });
}

function checkControlPorts(
  { emergency }: Topology,
  section: "mediaRelays" | "mediaMixers",
  usualPort: number,
): readonly TopologyIssue[] {
  return emergency[section].flatMap((control, at) => {
    const port = Number(/:(\d+)$/.exec(control)?.[1] ?? 0);
    if (port >= 1 && port <= 65_535) return [];
    const problem = `is "${control}", which has no port from 1 to 65535`;
    return [fault(`emergency.${section}[${at}]`, problem, `add it as :${usualPort}`)];
  });
}
