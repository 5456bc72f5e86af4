import { readFileSync } from "node:fs";
import { assertNever } from "@tandem/domain";
import { Cluster, Redis, type ClusterOptions, type RedisOptions } from "ioredis";
import type { RedisNode, RedisTarget, RedisTls, SentinelTarget } from "./redis-url.ts";

/** One Redis client of either shape; both have the same commands. */
export type RedisClient = Redis | Cluster;

/** What a client is for decides its timeouts. */
export type ClientPurpose =
  /**
   * Ordinary commands, every one bounded in time. They follow one another on the socket without waiting for replies; those of one turn are written
   * together (`CommandBatch`). The client's automatic pipelines are off: they nearly double the cost of a lone command.
   */
  | "commands"
  /** Commands that wait for a replica: bounded like ordinary ones, and whatever is sent behind them waits, too. */
  | "replication"
  /** Commands that wait at the server for a second or two (BLPOP): never given up, but a silent connection is made again. */
  | "blocking"
  /** A queue library, which waits as long as it likes and brings its own timeouts. */
  | "queue"
  /** Pub/sub. */
  | "subscriber";

export interface ClientLimits {
  readonly connectTimeoutMs: number;
  /** A connection on which a reply is due and nothing arrives for this long is torn down and made again. */
  readonly silenceLimitMs: number;
}

export interface ClientSketch {
  readonly purpose: ClientPurpose;
  readonly limits: ClientLimits;
  /** Where to go instead of the primary a Sentinel names (`host:port`); null: there. */
  readonly insteadOf?: (named: string) => { readonly host: string; readonly port: number } | null;
}

const FIRST_RETRY_MS = 50;
const RETRY_CEILING_MS = 250;
/** A Sentinel that takes a connection and says nothing is passed over after this long. */
const SENTINEL_ANSWER_MS = 1_000;
const SENTINEL_RETRY_MS = 1_000;
const NODE_ANSWER_MS = 500;
/** After this much silence the host of a Sentinel is asked whether it is still there. */
const SENTINEL_KEEP_ALIVE_MS = 10_000;
/** A connection that is left is closed after this long, whether the other side takes part in it or is dead. */
const LEAVE_MS = 200;
const RETRIES_PER_COMMAND = 10;

/** Makes a client for the target. Throws when a TLS file cannot be read; connecting itself happens in the background. */
export function createClient(target: RedisTarget, { purpose, limits, insteadOf }: ClientSketch): RedisClient {
  const options = nodeOptions(target, purpose, limits);
  switch (target.kind) {
    case "standalone":
      return new Redis({ ...options, host: target.nodes[0].host, port: target.nodes[0].port, db: target.db });
    case "sentinel":
      return new Redis({
        ...options,
        sentinels: [...target.nodes],
        name: target.master,
        db: target.db,
        sentinelRetryStrategy: retryDelay,
        sentinelCommandTimeout: SENTINEL_ANSWER_MS,
        ...(insteadOf === undefined ? {} : { natMap: insteadOf }),
        ...present("sentinelUsername", target.sentinelUsername),
        ...present("sentinelPassword", target.sentinelPassword),
        enableTLSForSentinelMode: target.tls !== null,
        ...(options.tls === undefined ? {} : { sentinelTLS: options.tls }),
      });
    case "cluster":
      return new Cluster([...target.nodes], clusterOptions(target, options));
    default:
      return assertNever(target);
  }
}

/** A client for each Sentinel of the target, to be told of its primary. Throws as `createClient` does. */
export function createSentinelClients(target: SentinelTarget, limits: ClientLimits): readonly Redis[] {
  const tls = target.tls === null ? {} : { tls: tlsOptions(target.tls) };
  return target.nodes.map(
    ({ host, port }) =>
      new Redis({
        host,
        port,
        replyMapping: "legacy",
        connectTimeout: limits.connectTimeoutMs,
        // What waits for it is the subscription, which is made again with every connection.
        maxRetriesPerRequest: null,
        enableReadyCheck: false,
        keepAlive: SENTINEL_KEEP_ALIVE_MS,
        retryStrategy: () => SENTINEL_RETRY_MS,
        ...present("username", target.sentinelUsername),
        ...present("password", target.sentinelPassword),
        ...tls,
      }),
  );
}

/** Makes clients that ask one node of the target something short. Throws as `createClient` does; what it gives does not. */
export function nodeClients(target: SentinelTarget): (node: RedisNode) => Redis {
  const rights = access(target);
  return ({ host, port }) =>
    new Redis({
      host,
      port,
      replyMapping: "legacy",
      commandTimeout: NODE_ANSWER_MS,
      retryStrategy: () => FIRST_RETRY_MS,
      enableReadyCheck: false,
      ...rights,
    });
}

type NodeOptions = RedisOptions & { readonly replyMapping: "legacy" };

function nodeOptions(target: RedisTarget, purpose: ClientPurpose, limits: ClientLimits): NodeOptions {
  const bounded = purpose === "commands" || purpose === "replication";
  const silenceLimit = bounded || purpose === "blocking" ? { socketTimeout: limits.silenceLimitMs } : {};
  return {
    replyMapping: "legacy",
    connectTimeout: limits.connectTimeoutMs,
    disconnectTimeout: LEAVE_MS,
    retryStrategy: retryDelay,
    maxRetriesPerRequest: bounded ? RETRIES_PER_COMMAND : null,
    ...silenceLimit,
    // A primary that became a replica: ask again who the primary is, and send the command there.
    reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 2 : false),
    ...access(target),
  };
}

function access({ username, password, tls }: RedisTarget): Pick<RedisOptions, "username" | "password" | "tls"> {
  return {
    ...present("username", username),
    ...present("password", password),
    ...(tls === null ? {} : { tls: tlsOptions(tls) }),
  };
}

function clusterOptions(
  target: RedisTarget,
  node: NodeOptions,
): ClusterOptions & { readonly redisOptions: Omit<NodeOptions, "retryStrategy"> } {
  const { retryStrategy: _perNode, ...redisOptions } = node;
  return {
    redisOptions,
    clusterRetryStrategy: retryDelay,
    slotsRefreshTimeout: node.connectTimeout ?? RETRY_CEILING_MS,
    // Certificates name hosts: with TLS connect by the announced name, not by its address.
    ...(target.tls === null ? {} : { dnsLookup: (address, done) => done(null, address) }),
  };
}

function retryDelay(attempt: number): number {
  return Math.min(attempt * FIRST_RETRY_MS, RETRY_CEILING_MS);
}

function tlsOptions(tls: RedisTls): NonNullable<RedisOptions["tls"]> {
  return {
    ...(tls.caFile === null ? {} : { ca: readFileSync(tls.caFile) }),
    ...(tls.certificateFile === null ? {} : { cert: readFileSync(tls.certificateFile) }),
    ...(tls.keyFile === null ? {} : { key: readFileSync(tls.keyFile) }),
    ...present("servername", tls.serverName),
  };
}

function present<K extends string>(key: K, value: string | null): Partial<Record<K, string>> {
  return value === null ? {} : ({ [key]: value } as Record<K, string>);
}
