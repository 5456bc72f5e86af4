import type { WrittenTopology } from "@tandem/topology-document";
import { sipPort } from "./ports.ts";

type Document = WrittenTopology;
type PoolDocument = Document["pools"][number];
type ListenerDocument = PoolDocument["listeners"][number];
type GatewayDocument = Document["gateways"][number];
type TrunkDocument = Document["trunks"][number];
type RouteDocument = NonNullable<Document["routes"]>[number];

/** Settings of a trunk: everything a trunk may have besides its tuple. */
type TrunkSettingsDocument = Omit<TrunkDocument, "name" | "pool" | "listener" | "gateway" | "port">;

/** One listener of a test topology; its port is chosen when the topology is made. */
interface ListenerSpec {
  /** Default: a free port. */
  readonly port?: number;
  readonly transport?: ListenerDocument["transport"];
  readonly serves?: ListenerDocument["serves"];
  readonly tls?: ListenerDocument["tls"];
}

/** A pool of a test topology. Defaults: one edge, one worker, listeners `core` (callers) and `out`, both UDP. */
interface PoolSpec {
  /** Default: what the vitest project says (`TANDEM_E2E_ARRANGEMENT`), else split. */
  readonly arrangement?: PoolDocument["arrangement"];
  readonly fqdn?: string;
  readonly edges?: number;
  readonly workers?: number;
  readonly listeners?: Readonly<Record<string, ListenerSpec>>;
}

/** An egress trunk of a test topology. Defaults: pool `east`, listener `out`, gateway of the trunk's own name and kind `pstn`. */
export interface TrunkSpec extends TrunkSettingsDocument {
  /** The gateway's port. */
  readonly port: number;
  readonly pool?: string;
  readonly listener?: string;
  readonly gateway?: string;
  readonly kind?: GatewayDocument["kind"];
}

export interface TopologySpec {
  readonly pools?: Readonly<Record<string, PoolSpec>>;
  /** Egress trunks by name; the default route tries them in this order. */
  readonly trunks: Readonly<Record<string, TrunkSpec>>;
  /** Settings of the trunks towards the core (one per pool and listener that serves callers, named `<pool>-<listener>`). */
  readonly core?: TrunkSettingsDocument;
  readonly trunkDefaults?: TrunkSettingsDocument;
  /** Default: one route `all` for every number over all trunks that are not emergency trunks. */
  readonly routes?: readonly RouteDocument[];
  readonly dialPlans?: Document["dialPlans"];
  readonly emergency?: Document["emergency"];
  readonly gateways?: readonly GatewayDocument[];
}

/** A topology document and the ports that were chosen for it. */
export interface TestTopology {
  readonly document: Document;
  /** Port of a pool's listener. */
  port(pool: string, listener: string): number;
}

const LOOPBACK = "127.0.0.1";
const ARRANGEMENT = process.env["TANDEM_E2E_ARRANGEMENT"] === "fused" ? "fused" : "split";
const DEFAULT_LISTENERS: Readonly<Record<string, ListenerSpec>> = {
  core: { transport: "udp", serves: "callers" },
  out: { transport: "udp" },
};

/**
 * Makes a topology on free ports of loopback: callers reach each pool at its listeners that serve callers, routes lead to the trunks given.
 * Probing is off unless a trunk turns it on, the heartbeat walks no emergency path unless it is configured (a peer that plays a call may take an OPTIONS for it), and failed
 * calls take no trunk down.
 */
export async function makeTopology(spec: TopologySpec): Promise<TestTopology> {
  const pools = await makePools(spec.pools ?? { east: {} });
  const isWalked = spec.emergency?.heartbeat !== undefined;
  const egress = Object.entries(spec.trunks).map(([name, trunk]) => egressTrunk(name, trunk, isWalked));
  const emergency = new Set([...(spec.emergency?.trunks ?? []), ...(spec.emergency?.fallbackTrunks ?? [])]);
  const routable = egress.filter(({ name }) => !emergency.has(name)).map(({ name }) => name);
  const document: Document = {
    name: "test",
    pools,
    gateways: [...makeGateways(spec), ...(spec.gateways ?? [])],
    trunkDefaults: { probe: { enabled: false, failuresToDown: 100 }, ...spec.trunkDefaults },
    trunks: [...coreTrunks(pools, spec.core ?? {}), ...egress],
    dialPlans: spec.dialPlans ?? [],
    routes: [...(spec.routes ?? [{ name: "all", match: "^.*$", usages: ["any"], trunks: routable }])],
    ...(spec.emergency !== undefined && { emergency: spec.emergency }),
  };
  return {
    document,
    port(pool, listener) {
      const found = pools.find(({ name }) => name === pool)?.listeners.find(({ name }) => name === listener);
      if (found === undefined) throw new Error(`the topology has no listener ${listener} in pool ${pool}`);
      return found.port;
    },
  };
}

async function makePools(specs: Readonly<Record<string, PoolSpec>>): Promise<PoolDocument[]> {
  const pools: PoolDocument[] = [];
  for (const [name, spec] of Object.entries(specs)) {
    const { fqdn, arrangement = ARRANGEMENT, edges = 1, workers = 1, listeners = DEFAULT_LISTENERS } = spec;
    const made: ListenerDocument[] = [];
    for (const [listener, { transport = "udp", serves = "gateways", tls, port }] of Object.entries(listeners)) {
      const base = { name: listener, address: LOOPBACK, port: port ?? (await sipPort()), transport, serves };
      made.push(tls === undefined ? base : { ...base, tls });
    }
    const named = fqdn === undefined ? {} : { fqdn };
    pools.push({ name, ...named, arrangement, edges, workers, listeners: made });
  }
  return pools;
}

function makeGateways(spec: TopologySpec): readonly GatewayDocument[] {
  const kinds = new Map<string, GatewayDocument["kind"]>([["core", "core"]]);
  for (const [name, { gateway = name, kind = "pstn" }] of Object.entries(spec.trunks)) kinds.set(gateway, kind);
  for (const given of spec.gateways ?? []) kinds.delete(given.name);
  return [...kinds].map(([name, kind]) => ({ name, kind, address: LOOPBACK }));
}

function coreTrunks(pools: readonly PoolDocument[], settings: TrunkSettingsDocument): readonly TrunkDocument[] {
  return pools.flatMap((pool) =>
    pool.listeners
      .filter(({ serves }) => serves === "callers")
      .map((listener): TrunkDocument => ({
        name: `${pool.name}-${listener.name}`,
        pool: pool.name,
        listener: listener.name,
        gateway: "core",
        usages: ["any"],
        ...settings,
      })),
  );
}

function egressTrunk(name: string, spec: TrunkSpec, isWalked: boolean): TrunkDocument {
  const { pool = "east", listener = "out", gateway = name, kind: _kind, port, emergency, ...settings } = spec;
  const walked = isWalked ? emergency : { heartbeat: false, ...emergency };
  return { name, pool, listener, gateway, port, ...(walked !== undefined && { emergency: walked }), ...settings };
}
