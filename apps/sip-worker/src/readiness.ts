import { redisComplaints, type RedisStanding } from "@tandem/adapter-redis";

/** What a worker needs before it may serve. */
export interface WorkerConditions {
  /** Edges of the own pool it is connected to. */
  readonly ownEdges: number;
  readonly topologyVersion: number;
  readonly redis: Readonly<RedisStanding>;
  readonly draining: boolean;
}

/** What keeps the worker from serving, one sentence each. A worker that is not ready is alive all the same and answers 503. */
export function unreadyReasons(now: WorkerConditions): readonly string[] {
  const reasons: string[] = [];
  if (now.ownEdges === 0) reasons.push("no edge of the own pool is connected");
  if (now.topologyVersion === 0) reasons.push("no topology is published yet");
  reasons.push(...redisComplaints(now.redis));
  if (now.draining) reasons.push("draining");
  return reasons;
}

/** What a worker needs so that what comes by the sockets beside it is served: without Redis, and on an operator's wish to drain, emergency calls and those under way still are. */
export interface ServingConditions extends Pick<WorkerConditions, "ownEdges" | "topologyVersion"> {
  /** Its connections close: the drain is over. */
  readonly closing: boolean;
}

/**
 * What keeps it from serving anything at all, one sentence each. Where edge and worker share a pod, this decides whether traffic reaches the pod, and
 * `unreadyReasons` does not: every pod of a pool is unready at once when Redis is away.
 */
export function unservedReasons(now: ServingConditions): readonly string[] {
  if (now.closing) return ["its connections close"];
  return unreadyReasons({ ...now, redis: { reachable: true, outdated: null }, draining: false });
}
