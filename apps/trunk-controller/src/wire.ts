import { createProbeSchedule, createWebhookSink, type QueueConnection, type WebhookSink } from "@tandem/adapter-bullmq";
import {
  ConfiguredNames,
  createControllerMetrics,
  type ControllerMetrics,
  createProcessMetrics,
  createRedisMetrics,
  metricsPage,
  Registry,
} from "@tandem/adapter-prometheus";
import {
  connectRedis,
  createCallbackBook,
  createDetailRecordStream,
  createEmergencyPathBoard,
  createEmergencyRecordBook,
  createLeaderLease,
  createMembership,
  createNoticeLog,
  createNotificationBook,
  createProbeExchange,
  createRedisCallStore,
  createRedisTrunkGate,
  createTopologyRegistry,
  createTrunkHealthBoard,
  createWorkerErrands,
  redisComplaints,
  watchRedis,
  type RedisConnection,
  type RedisStanding,
} from "@tandem/adapter-redis";
import { keepMember } from "@tandem/call-control";
import { createController, type Controller, type ControllerObserver } from "@tandem/call-control/controller";
import { ok, type Failure, type Result } from "@tandem/domain";
import { systemClock, type Logger } from "@tandem/runtime";
import { compilePublished } from "@tandem/topology-document/apart";
import type { ControllerConfig } from "./config.ts";
import { createTelling, type Telling } from "./telling.ts";
import { createDetailFileSink, type DetailFileSink } from "./detail-file-sink.ts";
import { controllerMember } from "./membership.ts";
import { throttled } from "./throttled.ts";
import { createTopologyFile } from "./topology-file.ts";

/** A controller process put together, not yet started. */
export interface ControllerProcess {
  readonly unready: () => readonly string[];
  readonly metrics: ReturnType<typeof metricsPage>;
  /** Begins to stand by, and to lead when it can; `http` is the bound address of the probe server. */
  start(http: string): Promise<void>;
  stop(): Promise<void>;
  /** Opens the detail record file again, after a log rotator moved it. */
  reopenFiles(): void;
}

/** One complaint per kind and this long, however often a client repeats it. */
const COMPLAIN_EVERY_MS = 10_000;

interface Context {
  readonly config: ControllerConfig;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly names: ConfiguredNames;
  readonly metrics: ControllerMetrics;
  readonly observer: ControllerObserver;
}

/** Names every adapter and every use case of the process, and nothing else does. Fails only for an unusable Redis URL. */
export function wireController(config: ControllerConfig, logger: Logger): Result<ControllerProcess, Failure> {
  const registry = new Registry();
  const names = new ConfiguredNames();
  const log: ControllerObserver["log"] = (level, message, fields) => logger[level](fields, message);
  const metrics = createControllerMetrics(registry, names);
  const observer: ControllerObserver = { ...metrics, log };
  const context: Context = { config, logger, registry, names, metrics, observer };
  const found: RedisStanding = { reachable: false, outdated: null };
  const redis = connectToRedis(context, found);
  if (!redis.ok) return redis;
  return ok(assemble(context, redis.value, found));
}

function connectToRedis({ config, logger, registry }: Context, found: RedisStanding): Result<RedisConnection, Failure> {
  const metrics = createRedisMetrics(registry);
  return connectRedis(config.redisUrl, {
    onCommand: (name, ms, succeeded) => metrics.operation(name, ms, succeeded ? null : "store-unavailable"),
    ...watchRedis(found, logger, (isConnected) => metrics.connected(isConnected)),
  });
}

interface Sinks {
  readonly file: DetailFileSink | null;
  readonly webhook: WebhookSink | null;
}

/** Records of emergency calls go to places of their own. */
function createEmergencySinks({ config, observer }: Context, queues: QueueConnection): Sinks {
  const { file, webhook } = config.emergency;
  const options = { maxBytes: 0, sync: true, now: () => systemClock.now() };
  return {
    file: file === null ? null : createDetailFileSink({ path: file, ...options }),
    webhook:
      webhook === null
        ? null
        : createWebhookSink(queues, {
            target: webhook,
            queue: "emergency-deliver",
            onDelivery: (result, records) => observer.emergency.record("webhook-delivery", result, records),
          }),
  };
}

function createSinks({ config, observer }: Context, queues: QueueConnection): Sinks {
  const { detailFile, webhook } = config;
  return {
    file: detailFile === null ? null : createDetailFileSink({ ...detailFile, now: () => systemClock.now() }),
    webhook:
      webhook === null
        ? null
        : createWebhookSink(queues, {
            target: webhook,
            onDelivery: (result, records) => observer.detailRecord("webhook-delivery", result, records),
          }),
  };
}

function createQueues({ logger }: Context, redis: RedisConnection): QueueConnection {
  const complain = throttled<string>(
    COMPLAIN_EVERY_MS,
    () => systemClock.now(),
    (where, reason) => {
      logger.warn({ where, reason }, "job queue");
    },
  );
  return { client: redis.dedicated("queue"), onError: complain };
}

function assemble(context: Context, redis: RedisConnection, found: Readonly<RedisStanding>): ControllerProcess {
  const { logger, registry } = context;
  const { nodeId } = context.config;
  const queues = createQueues(context, redis);
  const schedule = createProbeSchedule(queues);
  const sinks = createSinks(context, queues);
  const emergency = createEmergencySinks(context, queues);
  const telling = createTelling(context, queues);
  const controller = createControllerOn(context, redis, { schedule, sinks, emergency, telling });
  const processMetrics = createProcessMetrics(registry, { role: "controller", pool: null, node: nodeId });
  let member: { stop(): Promise<void> } | null = null;
  if (sinks.file === null && sinks.webhook === null) logger.warn("detail records are not kept: no sink is configured");
  return {
    unready: () => redisComplaints(found),
    metrics: metricsPage(registry),
    async start(http) {
      await controller.start();
      const startedMs = systemClock.now();
      member = keepMember({
        membership: createMembership(redis),
        clock: systemClock,
        member: () => controllerMember({ nodeId, startedMs, http, leader: controller.facts().leader }),
      });
    },
    async stop() {
      await controller.stop();
      await member?.stop();
      const closing = [sinks, emergency].flatMap(({ file, webhook }) => [file?.close(), webhook?.close()]);
      await Promise.all([schedule.close(), telling.close(), ...closing]);
      processMetrics.stop();
      await redis.close();
    },
    reopenFiles: () => {
      sinks.file?.reopen();
      emergency.file?.reopen();
    },
  };
}

interface Outlets {
  readonly schedule: ReturnType<typeof createProbeSchedule>;
  readonly sinks: Sinks;
  readonly emergency: Sinks;
  readonly telling: Telling;
}

/** What of emergency calls lies in Redis. */
function emergencyPorts({ emergency: { keepMs } }: ControllerConfig, redis: RedisConnection) {
  return {
    emergencies: createDetailRecordStream(redis, { emergency: true }),
    records: createEmergencyRecordBook(redis, { keepMs }),
    notices: createNoticeLog(redis),
    notifications: createNotificationBook(redis, { keepMs }),
    errands: createWorkerErrands(redis),
    paths: createEmergencyPathBoard(redis),
  };
}

function createControllerOn(
  { config, names, metrics, observer }: Context,
  redis: RedisConnection,
  { schedule, sinks, emergency, telling }: Outlets,
): Controller {
  const { file, webhook } = sinks;
  const deliveries = [webhook, emergency.webhook].filter((sink) => sink !== null);
  const registry = createTopologyRegistry(redis);
  const details = createDetailRecordStream(redis);
  const emergencies = emergencyPorts(config, redis);
  return createController(
    {
      clock: systemClock,
      observer,
      lease: createLeaderLease(redis),
      topology: registry,
      topologyFile:
        config.topologyFiles.length === 0 ? null : { file: createTopologyFile(config.topologyFiles), registry },
      board: createTrunkHealthBoard(redis),
      membership: createMembership(redis),
      probes: createProbeExchange(redis),
      schedule,
      store: createRedisCallStore(redis),
      gate: createRedisTrunkGate(redis),
      callbacks: createCallbackBook(redis),
      details,
      sinks: [file, webhook].filter((sink) => sink !== null),
      deliveries,
      ...emergencies,
      emergencySinks: [emergency.file, emergency.webhook].filter((sink) => sink !== null),
      queue: telling.queue,
      channels: telling.channels,
      deadLetters: [
        ...deliveries.map((sink) => () => sink.deadLetters()),
        ...[details, emergencies.emergencies].map((stream) => () => stream.aside()),
      ],
    },
    {
      nodeId: config.nodeId,
      leaseMs: config.leaseMs,
      sweepGraceMs: config.sweepGraceMs,
      compile: compilePublished,
      onTopology: ({ trunks, topology }) => {
        names.configure({ trunks: trunks.keys(), pools: topology.pools.map(({ name }) => name) });
        metrics.configured(topology);
      },
    },
  );
}
