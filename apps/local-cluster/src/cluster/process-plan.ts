import type { Pool, Topology } from "@tandem/domain";
import { formatSocketAddress, type LogLevel, type SocketAddress } from "@tandem/runtime";
import { edgeListeners } from "./edge-listeners.ts";

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
  /** File that tells workers the edges of every pool. */
  readonly edgesFile: string;
  /** The supervisor that scales pools for the control API. */
  readonly scaler: { readonly url: string; readonly token: string };
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

/** Which process of a pool, and which of all processes in the order of their ports. */
export interface ProcessSlot {
  readonly pool: Pool;
  /** From 1 within the pool and role. */
  readonly number: number;
  /** From 0 in the whole cluster; spreads configured ports. */
  readonly index: number;
}

/** An edge ends in good order when nothing was under way for two seconds: what it finishes in its bound must leave time to see that, milliseconds. */
const QUIET_MS = 3_000;

/** Longest that an edge, by itself or in a fused worker, waits for emergency calls when its drain is over, milliseconds. */
export const EMERGENCY_HOLD_MS = 300_000;

/** Where the fused workers of each pool accept others (`host:port`), in their order. */
export type FusedAdmins = Readonly<Record<string, readonly string[]>>;

/** The edges, all pools that are not fused. */
export function planEdges(topology: Topology, settings: PlanSettings): readonly ProcessPlan[] {
  const slots = topology.pools.flatMap((pool) => numbered(edgesOf(pool)).map((number) => ({ pool, number })));
  return slots.map((slot, index) => planEdge({ ...slot, index }, settings));
}

/** One edge. The first of a pool listens where the topology says; those after it beside it (edge-listeners.ts). */
export function planEdge({ pool, number, index }: ProcessSlot, settings: PlanSettings): ProcessPlan {
  const name = `edge-${pool.name}-${number}`;
  return {
    name,
    role: "edge",
    pool: pool.name,
    app: "sip-edge",
    environment: {
      ...common(name, index, settings),
      TANDEM_POOL: pool.name,
      TANDEM_LISTENERS: JSON.stringify(edgeListeners(pool, number)),
      TANDEM_ADMIN: addressAfter(settings.admin, index),
      TANDEM_SECRET: settings.secret,
      TANDEM_DRAIN_MS: String(settings.drainMs + QUIET_MS),
      TANDEM_EMERGENCY_HOLD_MS: String(EMERGENCY_HOLD_MS),
    },
  };
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

/** The workers, all pools. */
export function planWorkers(topology: Topology, settings: PlanSettings, admins: FusedAdmins): readonly ProcessPlan[] {
  const first = count(topology.pools, edgesOf);
  const slots = topology.pools.flatMap((pool) => numbered(pool.workers).map((number) => ({ pool, number })));
  return slots.map((slot, index) => {
    const admin = admins[slot.pool.name]?.[slot.number - 1] ?? null;
    return planWorker({ ...slot, index: first + index }, settings, admin);
  });
}

/** One worker; it reads from a file where the edges of every pool are, because they come and go. `admin`: where a fused one accepts others, else null. */
export function planWorker(
  { pool, number, index }: ProcessSlot,
  settings: PlanSettings,
  admin: string | null,
): ProcessPlan {
  const name = `worker-${pool.name}-${number}`;
  return {
    name,
    role: "worker",
    pool: pool.name,
    app: "sip-worker",
    environment: {
      ...common(name, index, settings),
      TANDEM_REDIS: settings.redisUrl,
      TANDEM_POOL: pool.name,
      TANDEM_EDGES_FILE: settings.edgesFile,
      TANDEM_SECRET: settings.secret,
      ...(admin !== null && {
        TANDEM_LISTENERS: JSON.stringify(edgeListeners(pool, number)),
        TANDEM_ADMIN: admin,
        TANDEM_EMERGENCY_HOLD_MS: String(EMERGENCY_HOLD_MS),
      }),
      TANDEM_SPOOL: settings.spoolFolder,
      TANDEM_DRAIN_MS: String(settings.drainMs),
    },
  };
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
        TANDEM_SCALER: settings.scaler.url,
        TANDEM_SCALER_TOKEN: settings.scaler.token,
      },
    },
  ];
}

/** Every worker of the pool is an edge, too. */
export function isFused({ arrangement }: Pool): boolean {
  return arrangement === "fused";
}

/** Processes that are edges and nothing else. */
function edgesOf(pool: Pool): number {
  return isFused(pool) ? 0 : pool.edges;
}

function detailRecordVariables({ file, webhook }: DetailRecordSettings): Readonly<Record<string, string>> {
  return {
    TANDEM_CDR_FILE: file,
    TANDEM_EMERGENCY_FILE: file.replace(/(\.[a-z]+)?$/, "-emergency$1"),
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

function numbered(howMany: number): readonly number[] {
  return Array.from({ length: howMany }, (_, index) => index + 1);
}

function count(pools: readonly Pool[], of: (pool: Pool) => number): number {
  return pools.reduce((sum, pool) => sum + of(pool), 0);
}
