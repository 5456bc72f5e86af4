/** What a worker needs before it may serve. */
export interface WorkerConditions {
  /** Edges of the own pool it is connected to. */
  readonly ownEdges: number;
  readonly topologyVersion: number;
  readonly redisReachable: boolean;
  readonly draining: boolean;
}

/** What keeps the worker from serving, one sentence each. A worker that is not ready is alive all the same and answers 503. */
export function unreadyReasons(now: WorkerConditions): readonly string[] {
  const reasons: string[] = [];
  if (now.ownEdges === 0) reasons.push("no edge of the own pool is connected");
  if (now.topologyVersion === 0) reasons.push("no topology is published yet");
  if (!now.redisReachable) reasons.push("Redis is not reachable");
  if (now.draining) reasons.push("draining");
  return reasons;
}
