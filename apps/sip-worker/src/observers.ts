import {
  ConfiguredNames,
  createProcessMetrics,
  createWorkerMetrics,
  Registry,
  type ProcessMetrics,
  type WorkerMetrics,
} from "@tandem/adapter-prometheus";
import type { RedisStanding } from "@tandem/adapter-redis";
import type { TopologyListener } from "@tandem/call-control";
import { systemClock, type Logger } from "@tandem/runtime";
import type { WorkerConfig } from "./config.ts";
import { boundUsed } from "./drain-bound.ts";
import type { EdgeListeners } from "./edge-listeners.ts";
import type { EdgeSource } from "./edge-source.ts";
import type { OnBadFile } from "./file-spool.ts";
import { watchSpool, whyNotWritable } from "./spool-watch.ts";
import type { TakenRequests } from "./taken-requests.ts";

/** What tells people about the worker, beside calls. */
export interface Observers {
  readonly registry: Registry;
  readonly names: ConfiguredNames;
  /** Pools whose edges this worker knows of, whatever the topology in force says. */
  readonly pools: readonly string[];
  readonly metrics: WorkerMetrics;
  readonly processMetrics: ProcessMetrics;
  readonly redis: RedisStanding;
  /** When the drain for good began (epoch ms). */
  readonly leaving: { sinceMs: number | null };
  /** Set once the port to the edges is made. */
  readonly listeners: { current: EdgeListeners | null };
  readonly requests: { current: TakenRequests | null };
}

/** Metrics of one worker, and what it has seen of its surroundings. */
export function createObservers(config: WorkerConfig, edges: EdgeSource): Observers {
  const registry = new Registry();
  const names = new ConfiguredNames();
  // Edges connect before the first topology says which pools there are.
  names.configure({ trunks: [], pools: edges.pools });
  const leaving: Observers["leaving"] = { sinceMs: null };
  const drainUsed = (): number => boundUsed(leaving.sinceMs, systemClock.now(), config.drainMs);
  const metrics = createWorkerMetrics(registry, { names, maxSetups: config.limits.maxSetups, drainUsed });
  // Shown from the start, so that a pool without any edge is told by a nought.
  for (const pool of edges.pools) metrics.edgesConnected(pool, 0);
  return {
    registry,
    names,
    pools: edges.pools,
    metrics,
    processMetrics: createProcessMetrics(registry, { role: "worker", pool: config.pool, node: config.nodeId }),
    redis: { reachable: false, outdated: null },
    leaving,
    listeners: { current: null },
    requests: { current: null },
  };
}

/** Where a worker tells what it sees. */
export interface Reporting {
  readonly config: WorkerConfig;
  readonly logger: Logger;
  readonly seen: Observers;
}

/** What a file owed nobody gets by itself any more: detail records of a call, or the notice of an emergency call. */
export function badFile({ logger, seen }: Reporting, spool: "calls" | "notices"): OnBadFile {
  return (file) => {
    seen.metrics.spoolFileBad(spool);
    logger.error({ spool, file }, "a file of the spool cannot be read and was put aside");
  };
}

/** Tells people early, for the disk is needed only once Redis is away. */
export function spoolWatch({ config, logger, seen }: Reporting): () => void {
  const directory = config.spoolDirectory;
  return watchSpool({
    clock: systemClock,
    look: () => whyNotWritable(directory),
    onChange: (fault) => {
      seen.metrics.spoolWritable(fault === null);
      if (fault === null) return logger.info({ directory }, "the spool can be written");
      return logger.error(
        { directory, fault, uid: process.getuid?.() },
        "the spool (TANDEM_SPOOL) cannot be written: while Redis is away, detail records and notices of emergency calls live in memory only",
      );
    },
  });
}

/** Names and numbers of the topology in force. */
export function topologyObserver({ names, pools, metrics, listeners, requests }: Observers): TopologyListener {
  return ({ version, snapshot }) => {
    if (snapshot === null) return metrics.topologyRejected();
    // A pool that is being added has edges before it is in the topology, and must not be told to have none.
    names.configure({
      trunks: snapshot.trunks.keys(),
      pools: new Set([...pools, ...snapshot.topology.pools.map(({ name }) => name)]),
    });
    listeners.current?.topology(snapshot.topology.pools);
    requests.current?.topology();
    return metrics.topology(version);
  };
}
