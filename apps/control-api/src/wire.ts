import type { AddressInfo } from "node:net";
import { createKubernetesScaler, inClusterAccess } from "@tandem/adapter-kubernetes";
import {
  ConfiguredNames,
  createApiMetrics,
  createProcessMetrics,
  createRedisMetrics,
  metricsPage,
  Registry,
  type ApiMetrics,
} from "@tandem/adapter-prometheus";
import {
  connectRedis,
  createEmergencyPathBoard,
  createEmergencyRecordBook,
  createLocationDatabase,
  createMembership,
  createNotificationBook,
  createRedisCallStore,
  createTopologyRegistry,
  createTrunkHealthBoard,
  type RedisConnection,
} from "@tandem/adapter-redis";
import { createSupervisorScaler } from "@tandem/adapter-supervisor";
import type { Failure, Result } from "@tandem/domain";
import type { PoolScaler } from "@tandem/call-control";
import { formatSocketAddress, startProbeServer, systemClock, type Logger } from "@tandem/runtime";
import { ok } from "@tandem/domain";
import type { FastifyBaseLogger } from "fastify";
import { createApp } from "./app.ts";
import { currentTopology } from "./current-topology.ts";
import type { ControlApiConfig } from "./config.ts";
import { serveHeld } from "./held/serve-held.ts";
import { startMembership } from "./membership.ts";
import type { ControlServices } from "./services.ts";
import type { TypedApp } from "./typed-app.ts";

/** Bound addresses as `host:port`, and the end of it. */
export interface RunningApi {
  readonly api: string;
  readonly http: string;
  /** Where devices ask for their location; null: nowhere. */
  readonly held: string | null;
  close(): Promise<void>;
}

/**
 * Puts the process together: Redis, the API server, the probe server, the membership entry.
 * @throws the bind error of either server's socket
 */
export async function startControlApi(config: ControlApiConfig, logger: Logger): Promise<Result<RunningApi, Failure>> {
  const registry = new Registry();
  const connected = connectToRedis(config, registry, logger);
  if (!connected.ok) return connected;
  const { redis, unready } = connected.value;
  const services: ControlServices = { ...redisServices(redis), scaler: createScaler(config) };
  const names = new ConfiguredNames();
  const metrics = createApiMetrics(registry, names);
  const processMetrics = createProcessMetrics(registry, { role: "control-api", pool: null, node: config.nodeId });
  const app = await createApp({ services, keys: config.keys, logger: logger as unknown as FastifyBaseLogger, unready });
  measureRequests(app, metrics);
  await app.listen({ host: config.api.host, port: config.api.port });
  const bound = app.server.address() as AddressInfo;
  const api = formatSocketAddress({ host: bound.address, port: bound.port });
  const page = metricsPage(registry);
  const held = await serveHeld(config, services, { logger, metrics });
  if (!held.ok) return held;
  metrics.certificateEnds(() => ({ held: held.value.certificateEndsMs() }));
  const probes = await startProbeServer({
    address: config.http,
    unready,
    metrics: async () => {
      await readCluster(services, metrics, names);
      return page();
    },
  });
  const http = formatSocketAddress(probes.address);
  const member = startMembership(services, config, { api, http });
  return ok({
    api,
    http,
    held: held.value.address,
    close: async () => {
      await member.stop();
      await held.value.close();
      await app.close();
      await probes.close();
      processMetrics.stop();
      await redis.close();
    },
  });
}

interface RedisInUse {
  readonly redis: RedisConnection;
  /** Why the process is not ready as far as Redis goes; empty: it is. */
  readonly unready: () => readonly string[];
}

function connectToRedis(
  { redisUrl }: ControlApiConfig,
  registry: Registry,
  logger: Logger,
): Result<RedisInUse, Failure> {
  const metrics = createRedisMetrics(registry);
  let lost = true;
  const connected = connectRedis(redisUrl, {
    onCommand: (name, ms, succeeded) => metrics.operation(name, ms, succeeded ? null : "store-unavailable"),
    onState: (state, detail) => {
      lost = state === "lost";
      metrics.connected(state === "ready");
      logger.info({ state, detail }, "redis connection changed");
    },
  });
  if (!connected.ok) return connected;
  return ok({ redis: connected.value, unready: () => (lost ? ["Redis cannot be reached"] : []) });
}

function createScaler({ scaler }: ControlApiConfig): PoolScaler | null {
  if (scaler === null) return null;
  if (scaler.kind === "supervisor") return createSupervisorScaler(scaler.url, scaler.token);
  return createKubernetesScaler(inClusterAccess(scaler.host, scaler.port), scaler.pools);
}

function redisServices(redis: RedisConnection): Omit<ControlServices, "scaler"> {
  return {
    topology: createTopologyRegistry(redis),
    health: createTrunkHealthBoard(redis),
    membership: createMembership(redis),
    calls: createRedisCallStore(redis),
    emergency: {
      records: createEmergencyRecordBook(redis),
      notifications: createNotificationBook(redis),
      paths: createEmergencyPathBoard(redis),
    },
    locations: createLocationDatabase(redis),
    clock: systemClock,
  };
}

function measureRequests(app: TypedApp, metrics: ApiMetrics): void {
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "unknown";
    metrics.request({ route, method: request.method, status: reply.statusCode, ms: reply.elapsedTime });
  });
}

/** Reads the cluster-wide gauges at scrape time; what cannot be read keeps its last value. */
async function readCluster(services: ControlServices, metrics: ApiMetrics, names: ConfiguredNames): Promise<void> {
  const [topology, count, health, loads] = await Promise.all([
    currentTopology(services),
    services.calls.count(),
    services.health.all(),
    services.calls.loads(),
  ]);
  if (topology.ok && topology.value !== null) {
    const { trunks, pools } = topology.value.topology;
    names.configure({ trunks: trunks.map(({ name }) => name), pools: pools.map(({ name }) => name) });
    metrics.configured(topology.value.topology);
    metrics.topology(topology.value.version);
  }
  if (count.ok) metrics.callsActive(count.value);
  if (health.ok) metrics.trunkHealth(health.value.values());
  if (loads.ok) metrics.trunkLoads(loads.value);
}
