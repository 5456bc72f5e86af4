import { defaultEmergencyPlan } from "../src/topology/emergency-defaults.ts";
import { compileSnapshot } from "../src/topology/compile-snapshot.ts";
import type { Snapshot } from "../src/topology/snapshot.ts";
import type { Gateway, Listener, Pool, Route, Topology, Trunk, TrunkSettings } from "../src/topology/topology.ts";
import { defaultTrunkSettings } from "../src/topology/trunk-defaults.ts";
import type { RequestFacts } from "../src/routing/decision.ts";
import { type LiveView, quietView } from "../src/routing/live-view.ts";

export function listener(name: string, port: number, more: Partial<Listener> = {}): Listener {
  const address = more.address ?? "127.0.0.1";
  const plain = { name, address, port, transport: "udp", serves: "gateways" } as const;
  return { ...plain, advertisedAddress: address, advertisedPort: port, ...more };
}

export function pool(name: string, listeners: readonly Listener[], more: Partial<Pool> = {}): Pool {
  return { name, edges: 1, workers: 1, listeners, ...more };
}

export function gateway(name: string, address: string, more: Partial<Gateway> = {}): Gateway {
  return { name, kind: "sbc", address, sources: [], ...more };
}

/** `where` is `pool/listener/gateway/port`. */
export function trunk(name: string, where: string, settings: Partial<TrunkSettings> = {}): Trunk {
  const [poolName = "", listenerName = "", gatewayName = "", port = "5060"] = where.split("/");
  return {
    name,
    pool: poolName,
    listener: listenerName,
    gateway: gatewayName,
    port: Number(port),
    settings: { ...defaultTrunkSettings, ...settings },
  };
}

export function route(name: string, match: string, trunks: readonly string[], more: Partial<Route> = {}): Route {
  return {
    name,
    match,
    except: [],
    priority: 100,
    usages: ["out"],
    trunks,
    strategy: "priority",
    suppressCallerId: false,
    ...more,
  };
}

/**
 * Two pools; a core that dials with prefix 9, two carriers and an E9-1-1 provider with a trunk from each pool.
 * The rule `^9(.*)$` is the one that swallows 911 elsewhere.
 */
export function sampleTopology(change: Partial<Topology> = {}): Topology {
  return {
    name: "test",
    pools: [
      pool("east", [listener("core", 5060, { serves: "callers" }), listener("pstn", 5062), listener("e911", 5064)]),
      pool("west", [listener("core", 5070, { serves: "callers" }), listener("pstn", 5072), listener("e911", 5074)]),
    ],
    gateways: [
      gateway("core", "192.0.2.1", { kind: "core" }),
      gateway("carrier-a", "198.51.100.1", { kind: "pstn" }),
      gateway("carrier-b", "198.51.100.2"),
      gateway("e911", "203.0.113.1", { kind: "e911" }),
    ],
    trunks: [
      trunk("core-east", "east/core/core/5060", { dialPlan: "office", usages: ["out"] }),
      trunk("core-west", "west/core/core/5060", { dialPlan: "office", usages: ["out"] }),
      trunk("a-east", "east/pstn/carrier-a/5060", { usages: ["in"] }),
      trunk("b-east", "east/pstn/carrier-b/5060", { usages: ["in"] }),
      trunk("b-west", "west/pstn/carrier-b/5060", { usages: ["in"] }),
      trunk("e911-east", "east/e911/e911/5060"),
      trunk("e911-west", "west/e911/e911/5060"),
    ],
    dialPlans: [
      {
        name: "office",
        externalAccessPrefix: "9",
        rules: [
          { name: "outside", match: "^9(.*)$", replace: "$1" },
          { name: "national", match: String.raw`^([2-9]\d{9})$`, replace: "+1$1" },
        ],
      },
    ],
    routes: [
      route("pstn", String.raw`^\+?1?\d{10}$`, ["a-east", "b-east", "b-west"]),
      route("inbound", String.raw`^\+1212555\d{4}$`, ["core-east", "core-west"], { usages: ["in"], priority: 50 }),
    ],
    emergency: {
      ...defaultEmergencyPlan,
      trunks: ["e911-east", "e911-west"],
      fallbackTrunks: ["b-east"],
      numbers: [
        { dial: "911", masks: ["112"], test: false },
        { dial: "933", masks: [], test: true },
      ],
    },
    ...change,
  };
}

/** Compiles or throws: for topologies that a test knows to be right. */
export function snapshotOf(topology: Topology): Snapshot {
  const compiled = compileSnapshot(topology);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

/** A request from the core of the east pool to a SIP number. */
export function factsFor(user: string, more: Partial<RequestFacts> = {}): RequestFacts {
  return {
    ingressTrunk: "core-east",
    pool: "east",
    listener: "core",
    requestUri: { scheme: "sip", user, host: "tandem.example", phoneContext: null },
    callingNumber: "+12125550100",
    callId: "call-1",
    priorityHeader: null,
    callerAddress: null,
    ...more,
  };
}

/** A live view in which the named trunks are down or carry calls. */
export function liveWith(live: {
  readonly down?: readonly string[];
  readonly loads?: Readonly<Record<string, number>>;
  readonly draining?: readonly string[];
  readonly refuse?: LiveView["refuseOrdinary"];
}): LiveView {
  return {
    ...quietView,
    trunkState: (name) => (live.down?.includes(name) === true ? "down" : "up"),
    trunkLoad: (name) => live.loads?.[name] ?? 0,
    poolDraining: (name) => live.draining?.includes(name) === true,
    refuseOrdinary: live.refuse ?? null,
  };
}
