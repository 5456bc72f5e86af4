import { hostPort } from "../routing/host-port.ts";
import { parseIpAddress } from "../routing/ip-address.ts";
import { doubt, fault, type TopologyIssue, useOneOf } from "./topology-issue.ts";
import type { Gateway, Listener, Pool, Topology, Trunk } from "./topology.ts";

/** Trunks lead from a listener that exists to a gateway that exists, each pair of ports once. */
export function checkTrunks(topology: Topology): readonly TopologyIssue[] {
  const pools = new Map(topology.pools.map((pool) => [pool.name, pool]));
  const gateways = new Map(topology.gateways.map((gateway) => [gateway.name, gateway]));
  const dialPlans = new Set(topology.dialPlans.map((plan) => plan.name));
  return [
    ...topology.trunks.flatMap((trunk, at) => {
      const path = `trunks[${at}]`;
      return [
        ...checkLocalEnd(trunk, pools, path),
        ...checkRemoteEnd(trunk, gateways, path),
        ...checkTransport(trunk, { pools, gateways }, path),
        ...checkDialPlan(trunk, dialPlans, path),
        ...checkSessionTimer(trunk, path),
      ];
    }),
    ...checkTuples(topology),
    ...checkLookalikes(topology, { pools, gateways }),
  ];
}

interface Ends {
  readonly pools: ReadonlyMap<string, Pool>;
  readonly gateways: ReadonlyMap<string, Gateway>;
}

function listenerOf(trunk: Trunk, pools: ReadonlyMap<string, Pool>): Listener | undefined {
  return pools.get(trunk.pool)?.listeners.find((listener) => listener.name === trunk.listener);
}

function checkLocalEnd(trunk: Trunk, pools: ReadonlyMap<string, Pool>, path: string): readonly TopologyIssue[] {
  const pool = pools.get(trunk.pool);
  if (pool === undefined) {
    return [fault(`${path}.pool`, `names pool "${trunk.pool}", which does not exist`, useOneOf(pools.keys()))];
  }
  if (listenerOf(trunk, pools) !== undefined) return [];
  const problem = `names listener "${trunk.listener}", which pool "${pool.name}" does not have`;
  return [fault(`${path}.listener`, problem, useOneOf(pool.listeners.map((listener) => listener.name)))];
}

function checkRemoteEnd(trunk: Trunk, gateways: ReadonlyMap<string, Gateway>, path: string): readonly TopologyIssue[] {
  if (gateways.has(trunk.gateway)) return [];
  return [
    fault(`${path}.gateway`, `names gateway "${trunk.gateway}", which does not exist`, useOneOf(gateways.keys())),
  ];
}

function checkTransport(trunk: Trunk, { pools, gateways }: Ends, path: string): readonly TopologyIssue[] {
  const gateway = gateways.get(trunk.gateway);
  if (gateway === undefined || parseIpAddress(gateway.address) === null) return [];
  if (trunk.port === 0) {
    const problem = `is 0 (by DNS SRV), and gateway "${gateway.name}" has an address instead of a name`;
    return [fault(`${path}.port`, problem, "give the port, or the gateway a host name")];
  }
  if (listenerOf(trunk, pools)?.transport !== "tls") return [];
  // A certificate names a domain; with an address alone there is nothing to compare it with (RFC 5922 §7).
  const problem = `uses TLS to gateway "${gateway.name}", which has an address instead of a name`;
  return [doubt(`${path}.gateway`, problem, "give the gateway the host name in its certificate")];
}

function checkDialPlan(trunk: Trunk, dialPlans: ReadonlySet<string>, path: string): readonly TopologyIssue[] {
  const { dialPlan } = trunk.settings;
  if (dialPlan === undefined || dialPlans.has(dialPlan)) return [];
  const problem = `names dial plan "${dialPlan}", which does not exist`;
  return [fault(`${path}.settings.dialPlan`, problem, useOneOf(dialPlans))];
}

function checkSessionTimer(trunk: Trunk, path: string): readonly TopologyIssue[] {
  const { expiresS, minSeS } = trunk.settings.sessionTimer;
  if (expiresS >= minSeS) return [];
  const problem = `has expires ${expiresS}s below minSe ${minSeS}s`;
  return [fault(`${path}.settings.sessionTimer`, problem, "raise expires or lower minSe (RFC 4028 §4)")];
}

function checkTuples(topology: Topology): readonly TopologyIssue[] {
  const first = new Map<string, string>();
  return topology.trunks.flatMap(({ name, pool, listener, gateway, port }, at) => {
    const tuple = JSON.stringify([pool, listener, gateway, port]);
    const earlier = first.get(tuple);
    if (earlier === undefined) {
      first.set(tuple, name);
      return [];
    }
    const problem = `is the same as trunk "${earlier}": pool, listener, gateway and port are equal`;
    return [fault(`trunks[${at}]`, problem, "use another listener or gateway port, or remove one")];
  });
}

/** Two gateways at one address and port behind one listener cannot be told apart when they call. */
function checkLookalikes(topology: Topology, { gateways }: Ends): readonly TopologyIssue[] {
  const first = new Map<string, Trunk>();
  return topology.trunks.flatMap((trunk, at) => {
    const address = gateways.get(trunk.gateway)?.address.toLowerCase();
    if (address === undefined) return [];
    const key = JSON.stringify([trunk.pool, trunk.listener, address, trunk.port]);
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, trunk);
    if (earlier === undefined || earlier.gateway === trunk.gateway) return [];
    const problem = `reaches ${hostPort(address, trunk.port)} on the same listener as trunk "${earlier.name}", so calls from there count as that trunk's`;
    return [doubt(`trunks[${at}]`, problem, "use another listener or gateway port")];
  });
}
