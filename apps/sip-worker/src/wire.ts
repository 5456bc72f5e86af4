import { createDrachtioSipPort, createNameDirectory, type DrachtioSipPort } from "@tandem/adapter-drachtio/client";
import type { Edge } from "@tandem/adapter-drachtio/edge";
import { createCallTraces, type TracedCalls } from "@tandem/adapter-otel";
import { createEdgeMetrics, createRedisMetrics, createWorkerTelemetry, metricsPage } from "@tandem/adapter-prometheus";
import {
  connectRedis,
  createCallbackBook,
  createSetupClaims,
  createMembership,
  createNoticeLog,
  createProbeExchange,
  createRedisCallStore,
  createRedisTrunkGate,
  createTopologyRegistry,
  createTrunkHealthBoard,
  createWorkerErrands,
  watchAbsence,
  watchRedis,
  type RedisConnection,
} from "@tandem/adapter-redis";
import { createMixerClient, createRtpengine, type MixerClient, type Rtpengine } from "@tandem/adapter-rtpengine";
import { createCallEngine, type CallEngine, type SipApplication } from "@tandem/call-control";
import type { Failure, Result } from "@tandem/domain";
import { readPidf } from "@tandem/location-document";
import { systemClock, type Logger } from "@tandem/runtime";
import { compilePublished } from "@tandem/topology-document/apart";
import { EdgeListeners } from "./edge-listeners.ts";
import type { WorkerConfig } from "./config.ts";
import { createDetailRecordSpool } from "./detail-record-spool.ts";
import { badFile, createObservers, spoolWatch, topologyObserver, type Observers } from "./observers.ts";
import { createNoticeSpool } from "./notice-spool.ts";
import { openEdgeSource, type EdgeSource } from "./edge-source.ts";
import { identityHash } from "./identity-hash.ts";
import { locationSource, unguessableName } from "./locations.ts";
import { startMembership, type MemberParts, type WorkerMembership } from "./membership.ts";
import { systemResolver } from "./name-resolver.ts";
import { TakenRequests } from "./taken-requests.ts";
import { createTopologyCache } from "./topology-cache.ts";
import { unreadyReasons, unservedReasons } from "./readiness.ts";

/** A worker put together, not yet started. */
export interface Worker {
  readonly engine: CallEngine;
  readonly unready: () => readonly string[];
  /** What keeps what comes by the sockets beside it from being served. */
  readonly unserved: () => readonly string[];
  readonly metrics: ReturnType<typeof metricsPage>;
  /** Begins to serve; `http` is the bound address of the probe server. */
  start(http: string): Promise<void>;
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Names every adapter and every use case of the process, and nothing else does. `edge`: the one in this process, if the worker is fused. Fails only
 * for an unusable Redis URL or file of edges.
 */
export function wireWorker(config: WorkerConfig, logger: Logger, edge: Edge | null): Result<Worker, Failure> {
  const edges = openEdgeSource(config);
  if (!edges.ok) return edges;
  const seen = createObservers(config, edges.value);
  const context: Context = { config, logger, edge, edges: edges.value, seen, traces: openTraces(config) };
  const redis = connectToRedis(context);
  if (!redis.ok) return redis;
  const late: { app: SipApplication | null } = { app: null };
  const sip = createSipPort(context, late);
  const media = createRtpengine();
  const mixers = createMixerClient();
  const engine = createEngine(context, redis.value, { sip, media, mixers });
  late.app = engine;
  if (edge !== null) createEdgeMetrics(context.seen.registry, edge.snapshot);
  return { ok: true, value: assemble(context, redis.value, { sip, media, mixers, engine }) };
}

interface Context {
  readonly config: WorkerConfig;
  readonly logger: Logger;
  readonly edge: Edge | null;
  readonly edges: EdgeSource;
  readonly seen: Observers;
  readonly traces: TracedCalls | undefined;
}

function openTraces({ traces, nodeId, pool }: WorkerConfig): TracedCalls | undefined {
  return traces === null ? undefined : createCallTraces({ ...traces, node: nodeId, pool });
}

function connectToRedis({ config, logger, seen }: Context): Result<RedisConnection, Failure> {
  const metrics = createRedisMetrics(seen.registry);
  return connectRedis(config.redisUrl, {
    onCommand: (name, ms, succeeded) => metrics.operation(name, ms, succeeded ? null : "store-unavailable"),
    ...watchRedis(seen.redis, logger, (isConnected) => metrics.connected(isConnected)),
    onAbsence: watchAbsence(logger, (primaries) => seen.metrics.redisAway(primaries)),
  });
}

function createSipPort(
  { config, logger, edge: local, edges, seen }: Context,
  late: { readonly app: SipApplication | null },
): DrachtioSipPort {
  if (config.stock.size > 0) {
    logger.warn(
      { pools: [...config.stock.keys()] },
      "stock drachtio-server: a call ends with the worker or server that set it up, peers are not told apart by listener, no 100rel from callers, no connect timer",
    );
  }
  const sip = createDrachtioSipPort({
    ...(local === null ? {} : { local: local.local }),
    pools: edges.pools,
    pool: config.pool,
    edges: createNameDirectory(edges.read),
    stock: config.stock,
    secret: config.secret,
    // The engine needs the port and the port the engine; requests come only after `start`.
    app: {
      onRequest: (request) => late.app?.onRequest(request),
      onCancel: (transaction, cancel) => late.app?.onCancel(transaction, cancel),
      onAckTimeout: (transaction, response) => late.app?.onAckTimeout(transaction, response),
      onOrphanAnswer: (answer) => late.app?.onOrphanAnswer(answer),
      worksOn: (invite) => late.app?.worksOn(invite) ?? false,
    },
    clock: systemClock,
    onEdgeChange: ({ pool, address, edge, state, reason }) => {
      logger.info({ pool, address, edge, state, reason }, "edge connection");
      seen.metrics.edgesConnected(pool, connectedEdges(sip, pool));
      seen.listeners.current?.look();
    },
  });
  seen.listeners.current = new EdgeListeners({
    logger,
    edges: () => sip.edges(),
    onOutdated: (pool, outdated) => seen.metrics.edgesOutdated(pool, outdated),
  });
  return sip;
}

function connectedEdges(sip: DrachtioSipPort, pool: string): number {
  return sip.edges().filter((edge) => edge.pool === pool && edge.state === "up").length;
}

/** What the engine reaches peers and media by. */
interface Ways {
  readonly sip: DrachtioSipPort;
  readonly media: Rtpengine;
  readonly mixers: MixerClient;
}

function createEngine(context: Context, redis: RedisConnection, ways: Ways): CallEngine {
  const { config, logger, seen, traces } = context;
  return createCallEngine(
    {
      ...ways,
      store: createRedisCallStore(redis, {
        replicaWaitMs: config.replicaWaitMs,
        onReplication: (confirmed) => {
          if (confirmed) logger.info({}, "a replica of Redis confirms emergency records");
          else logger.warn({}, "no replica of Redis confirms emergency records in time");
        },
      }),
      gate: createRedisTrunkGate(redis),
      topology: createTopologyRegistry(redis),
      topologyCache: createTopologyCache(config.spoolDirectory, config.redisUrl),
      health: createTrunkHealthBoard(redis),
      probes: createProbeExchange(redis),
      spool: createDetailRecordSpool(config.spoolDirectory, badFile(context, "calls")),
      names: systemResolver,
      clock: systemClock,
      telemetry: createWorkerTelemetry(seen.registry, { logger, pool: config.pool, names: seen.names }),
      ...(traces === undefined ? {} : { traces }),
      hash: identityHash,
      load: { lagMs: () => seen.processMetrics.lagMs(), waitBy: (edge) => ways.sip.waitBy(edge) },
      locations: locationSource(redis, config, logger),
      callbacks: createCallbackBook(redis),
      setupClaims: createSetupClaims(redis),
      readPidf,
      unguessable: unguessableName,
      noticeLog: createNoticeLog(redis),
      noticeSpool: createNoticeSpool(config.spoolDirectory, badFile(context, "notices")),
      errands: createWorkerErrands(redis),
    },
    { pool: config.pool, limits: config.limits, compile: compilePublished, onTopology: topologyObserver(seen) },
  );
}

interface Serving extends Ways {
  readonly engine: CallEngine;
}

function joinPool(
  { config, logger, seen }: Context,
  { sip, engine }: Serving,
  at: Pick<MemberParts, "membership" | "http" | "offers">,
): WorkerMembership {
  const { nodeId, pool } = config;
  return startMembership({
    ...at,
    engine,
    clock: systemClock,
    nodeId,
    pool,
    edgesConnected: () => connectedEdges(sip, pool),
    edgesOutdated: () => seen.listeners.current?.outdated(pool) ?? 0,
    onDrainWish: (draining) => {
      logger.info({ draining }, "drain wish changed");
      seen.metrics.draining(draining);
    },
  });
}

function assemble(context: Context, redis: RedisConnection, serving: Serving): Worker {
  const { sip, media, mixers, engine } = serving;
  const { config, edge, seen, traces } = context;
  let member: WorkerMembership | null = null;
  let closing = false;
  let stopWatching = (): void => undefined;
  const requests = new TakenRequests(sip);
  seen.requests.current = requests;
  const ownEdges = (): number => connectedEdges(sip, config.pool);
  return {
    engine,
    unready: () => {
      const { topologyVersion, draining } = engine.facts();
      return unreadyReasons({ ownEdges: ownEdges(), topologyVersion, redis: seen.redis, draining });
    },
    unserved: () => unservedReasons({ ownEdges: ownEdges(), topologyVersion: engine.facts().topologyVersion, closing }),
    metrics: metricsPage(seen.registry),
    async start(http) {
      stopWatching = spoolWatch(context);
      // The topology first: edges offer calls as soon as they are connected. Without Redis this ends after its time limits, the engine asks again, and the
      // worker stands aside meanwhile.
      await engine.start();
      await sip.start();
      member = joinPool(context, serving, { membership: createMembership(redis), http, offers: requests });
    },
    async drain() {
      seen.metrics.draining(true);
      await member?.standAside();
      // What balancers still send to its pod is served meanwhile.
      await new Promise<void>((resolve) => void systemClock.after(config.lingerMs, resolve));
      seen.leaving.sinceMs = systemClock.now();
      await engine.drain();
      await sip.drain();
      // Its edge may still serve other workers of the pool.
      await edge?.drain();
    },
    async stop() {
      closing = true;
      stopWatching();
      await member?.stop();
      await engine.stop();
      await sip.close();
      await edge?.stop();
      await traces?.close();
      seen.processMetrics.stop();
      await Promise.all([redis.close(), media.close(), mixers.close()]);
    },
  };
}
