import {
  compileSnapshot,
  defaultEmergencyPlan,
  defaultTrunkSettings,
  err,
  type Gateway,
  type Listener,
  type Snapshot,
  type Topology,
  type Trunk,
  type TrunkSettings,
} from "@tandem/domain";
import type { CompileTopology } from "../live/topology-offers.ts";

const core = listener("core", 5060, "callers");
const outside = listener("outside", 5062, "gateways");

function listener(name: string, port: number, serves: Listener["serves"]): Listener {
  const address = "192.0.2.1";
  return { name, address, port, transport: "udp", advertisedAddress: address, advertisedPort: port, serves };
}

function gateway(name: string, kind: Gateway["kind"], address: string): Gateway {
  return { name, kind, address, sources: [] };
}

function trunk(name: string, listenerName: string, settings: Partial<TrunkSettings>): Trunk {
  return {
    name,
    pool: "east",
    listener: listenerName,
    gateway: name,
    port: 5060,
    settings: { ...defaultTrunkSettings, ...settings },
  };
}

/** One pool; a core that may call out over two PSTN gateways, and an E9-1-1 SBC. Every trunk is named as its gateway. */
export const sampleTopology: Topology = {
  name: "sample",
  pools: [{ name: "east", edges: 1, workers: 2, listeners: [core, outside] }],
  gateways: [
    gateway("core", "core", "192.0.2.10"),
    gateway("pstn-1", "pstn", "198.51.100.1"),
    gateway("pstn-2", "pstn", "198.51.100.2"),
    gateway("sos", "e911", "203.0.113.9"),
  ],
  trunks: [
    trunk("core", "core", { usages: ["out"] }),
    trunk("pstn-1", "outside", { usages: ["in"] }),
    trunk("pstn-2", "outside", { usages: ["in"] }),
    trunk("sos", "outside", {}),
  ],
  dialPlans: [],
  routes: [
    {
      name: "out",
      match: "^\\+?1\\d{10}$",
      except: [],
      priority: 1,
      usages: ["out"],
      trunks: ["pstn-1", "pstn-2"],
      strategy: "priority",
      suppressCallerId: false,
    },
    {
      name: "in",
      match: "^\\+?44\\d+$",
      except: [],
      priority: 1,
      usages: ["in", "out"],
      trunks: ["core"],
      strategy: "priority",
      suppressCallerId: false,
    },
  ],
  emergency: {
    ...defaultEmergencyPlan,
    trunks: ["sos"],
    fallbackTrunks: ["pstn-1"],
    numbers: [{ dial: "911", masks: ["112"], test: false }],
  },
};

/** The sample with other settings for one trunk. */
export function withTrunkSettings(name: string, settings: Partial<TrunkSettings>): Topology {
  const trunks = sampleTopology.trunks.map((each) =>
    each.name === name ? { ...each, settings: { ...each.settings, ...settings } } : each,
  );
  return { ...sampleTopology, trunks };
}

/** Compiles a topology a test knows to be right. */
export function compiled(topology: Topology): Snapshot {
  const snapshot = compileSnapshot(topology);
  if (!snapshot.ok) throw new Error(snapshot.error.map(({ path, problem }) => `${path} ${problem}`).join("; "));
  return snapshot.value;
}

/** Takes the topology itself as the published document. */
export const compileJson: CompileTopology = async (json) => {
  const snapshot = compileSnapshot(JSON.parse(json) as Topology);
  return snapshot.ok ? snapshot : err(snapshot.error.map(({ path, problem }) => `${path} ${problem}`));
};
