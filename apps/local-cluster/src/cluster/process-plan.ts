import type { Listener, Pool, Topology } from "@tandem/domain";
import { formatSocketAddress, type LogLevel, type SocketAddress } from "@tandem/runtime";

type ProcessRole = "edge" | "worker" | "controller" | "control-api";

/** One process of the cluster: which application, and the environment that makes it this one. */
export interface ProcessPlan {
  /** Unique in the cluster: `edge-east-1`, `worker-east-2`, `controller`, `control-api`. */
  readonly name: string;
  readonly role: ProcessRole;
  readonly pool: string | null;
  /** Folder below apps/. */
  readonly app: "sip-edge" | "sip-worker" | "trunk-controller" | "control-api";
  readonly environment: Readonly<Record<string, string>>;
}

/** What a plan is made from besides the topology. */
export interface PlanSettings {
  readonly redisUrl: string;
  /** Shared secret between edges and workers. */
  readonly secret: string;
  readonly api: SocketAddress;
  readonly apiKeys: string;
  /** Where the first process offers /metrics; the others take the ports after it. Port 0: any. */
  readonly http: SocketAddress;
  /** Where the first edge accepts workers; the others take the ports after it. Port 0: any. */
  readonly admin: SocketAddress;
  readonly logLevel: LogLevel;
  readonly detailRecords: DetailRecordSettings;
  /** Folder where workers keep detail records while Redis is away. */
  readonly spoolFolder: string;
  /** Longest a worker that drains waits for the setups in hand, milliseconds. */
  readonly drainMs: number;
  /** Put before process names in node ids, so that clusters sharing a Redis differ. */
  readonly nodePrefix: string;
}

/** Where the controller puts call detail records. */
export interface DetailRecordSettings {
  readonly file: string;
  readonly webhook: { readonly url: string; readonly token: string | null; readonly timeoutMs: number } | null;
}

/** Admin addresses (`host:port`) by pool: of the running edges, and those chosen for fused workers, in their order. */
export type EdgeAddresses = Readonly<Record<string, readonly string[]>>;

/**
 * The edges, all pools that are not fused. The first edge of a pool listens on the topology's ports; those after it cannot share them on one host, so they
 * get ports of the system's choice and tell peers those.
 */
export function planEdges(topology: Topology, settings: PlanSettings): readonly ProcessPlan[] {
  const slots = topology.pools.flatMap((pool) => numbered(edgesOf(pool)).map((number) => ({ pool, number })));
  return slots.map(({ pool, number }, index) => ({
    name: `edge-${pool.name}-${number}`,
    role: "edge",
    pool: pool.name,
    app: "sip-edge",
    environment: {
      ...common(`edge-${pool.name}-${number}`, index, settings),
      TANDEM_POOL: pool.name,
      TANDEM_LISTENERS: listenersOf(pool, number),
      TANDEM_ADMIN: addressAfter(settings.admin, index),
      TANDEM_SECRET: settings.secret,
    },
  }));
}

/** Where the fused workers accept others: known before they start, because each needs the addresses of all. Port 0: still to be chosen. */
export function planFusedAdmins(
  topology: Topology,
  { admin }: PlanSettings,
): Readonly<Record<string, SocketAddress[]>> {
  let index = count(topology.pools, edgesOf);
  const fused = topology.pools.filter(isFused);
  return Object.fromEntries(
    fused.map(({ name, workers }) => [name, numbered(workers).map(() => socketAfter(admin, index++))]),
  );
}

/** The workers, all pools; each knows every edge of every pool but the one that it is itself. */
export function planWorkers(topology: Topology, settings: PlanSettings, edges: EdgeAddresses): readonly ProcessPlan[] {
  const first = count(topology.pools, edgesOf);
  const slots = topology.pools.flatMap((pool) => numbered(pool.workers).map((number) => ({ pool, number })));
  return slots.map(({ pool, number }, index) => ({
    name: `worker-${pool.name}-${number}`,
    role: "worker",
    pool: pool.name,
    app: "sip-worker",
    environment: {
      ...common(`worker-${pool.name}-${number}`, first + index, settings),
      TANDEM_REDIS: settings.redisUrl,
      TANDEM_POOL: pool.name,
      TANDEM_SECRET: settings.secret,
      ...(isFused(pool) ? fusedVariables(pool, number, edges) : { TANDEM_EDGES: JSON.stringify(edges) }),
      TANDEM_SPOOL: settings.spoolFolder,
      TANDEM_DRAIN_MS: String(settings.drainMs),
    },
  }));
}

/** The one controller and the one control API of the cluster. */
export function planControl(topology: Topology, settings: PlanSettings): readonly ProcessPlan[] {
  const first = count(topology.pools, (pool) => edgesOf(pool) + pool.workers);
  return [
    {
      name: "controller",
      role: "controller",
      pool: null,
      app: "trunk-controller",
      environment: {
        ...common("controller", first, settings),
        TANDEM_REDIS: settings.redisUrl,
        ...detailRecordVariables(settings.detailRecords),
      },
    },
    {
      name: "control-api",
      role: "control-api",
      pool: null,
      app: "control-api",
      environment: {
        ...common("control-api", first + 1, settings),
        TANDEM_REDIS: settings.redisUrl,
        TANDEM_API: formatSocketAddress(settings.api),
        TANDEM_API_KEYS: settings.apiKeys,
      },
    },
  ];
}

function fusedVariables(pool: Pool, number: number, edges: EdgeAddresses): Readonly<Record<string, string>> {
  const own = edges[pool.name]?.[number - 1] ?? "";
  const others = Object.entries(edges).map(([name, addresses]) => [name, addresses.filter((each) => each !== own)]);
  return {
    TANDEM_EDGES: JSON.stringify(Object.fromEntries(others.filter(([, addresses]) => addresses?.length !== 0))),
    TANDEM_LISTENERS: listenersOf(pool, number),
    TANDEM_ADMIN: own,
  };
}

function isFused({ arrangement }: Pool): boolean {
  return arrangement === "fused";
}

/** Processes that are edges and nothing else. */
function edgesOf(pool: Pool): number {
  return isFused(pool) ? 0 : pool.edges;
}

function listenersOf({ listeners }: Pool, number: number): string {
  return JSON.stringify(number === 1 ? listeners : listeners.map(onAnyPort));
}

function detailRecordVariables({ file, webhook }: DetailRecordSettings): Readonly<Record<string, string>> {
  return {
    TANDEM_CDR_FILE: file,
    ...(webhook !== null && {
      TANDEM_CDR_WEBHOOK: webhook.url,
      TANDEM_CDR_WEBHOOK_TIMEOUT_MS: String(webhook.timeoutMs),
      ...(webhook.token !== null && { TANDEM_CDR_WEBHOOK_TOKEN: webhook.token }),
    }),
  };
}

function common(name: string, index: number, settings: PlanSettings): Readonly<Record<string, string>> {
  return {
    TANDEM_NODE_ID: `${settings.nodePrefix}${name}`,
    TANDEM_HTTP: addressAfter(settings.http, index),
    TANDEM_LOG_LEVEL: settings.logLevel,
  };
}

function addressAfter(first: SocketAddress, steps: number): string {
  return formatSocketAddress(socketAfter(first, steps));
}

function socketAfter({ host, port }: SocketAddress, steps: number): SocketAddress {
  return { host, port: port === 0 ? 0 : port + steps };
}

function onAnyPort(listener: Listener): Listener {
  return { ...listener, port: 0, advertisedPort: 0 };
}

function numbered(howMany: number): readonly number[] {
  return Array.from({ length: howMany }, (_, index) => index + 1);
}

function count(pools: readonly Pool[], of: (pool: Pool) => number): number {
  return pools.reduce((sum, pool) => sum + of(pool), 0);
}
