/**
 * Every key of Tandem. What a script touches together carries one hash tag, so that it lives in one slot of a Redis Cluster:
 * `{c<shard>}` for calls, `{t:<trunk>}` for a trunk's limits, `{cluster}` for what the cluster knows of itself.
 */

const PREFIX = "tandem";

/** Shards of the calls. Changing it needs an empty cluster: a call is found by its shard. */
export const DEFAULT_SHARDS = 8;

/** Keys of one shard of calls. */
export interface ShardKeys {
  /** Record of a call: append the call id. */
  readonly callPrefix: string;
  /** Sorted set: call id by the time (epoch ms) when somebody must look at it. */
  readonly deadlines: string;
  /** Sorted set: call id by the time (epoch ms) it was made. */
  readonly live: string;
  /** Hash: trunk → calls at once of this shard. */
  readonly loads: string;
  /** Stream of detail records. */
  readonly details: string;
}

export function shardKeys(shard: number): ShardKeys {
  const tag = `${PREFIX}:{c${String(shard)}}`;
  return {
    callPrefix: `${tag}:call:`,
    deadlines: `${tag}:deadlines`,
    live: `${tag}:live`,
    loads: `${tag}:loads`,
    details: `${tag}:details`,
  };
}

/** FNV-1a of the call id, so that calls spread evenly whatever the id is made of. */
export function shardOf(callId: string, shards: number): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < callId.length; index += 1) {
    hash = Math.imul(hash ^ callId.charCodeAt(index), 0x0100_0193);
  }
  return (hash >>> 0) % shards;
}

/** Keys of a trunk's cluster-wide limits. */
export interface GateKeys {
  /** Sorted set: call id by the time (epoch ms) its lease lapses. */
  readonly leases: string;
  /** Sorted set: reservations of the last second. */
  readonly rate: string;
}

export function gateKeys(trunk: string): GateKeys {
  const tag = `${PREFIX}:{t:${tagText(trunk)}}`;
  return { leases: `${tag}:gate`, rate: `${tag}:rate` };
}

/** A closing brace would end the hash tag early and let two keys of one trunk fall into two slots. */
function tagText(name: string): string {
  return name.replaceAll("%", "%25").replaceAll("}", "%7D");
}

const CLUSTER = `${PREFIX}:{cluster}`;

/** Keys of what the cluster knows of itself; all in one slot. */
export const clusterKeys = {
  /** Never written; reading it shows that Redis answers. */
  readyCheck: `${CLUSTER}:ready-check`,
  /** Hash: version, json, author, atMs of the published topology, fileDigest of the last one that came from a file. */
  topology: `${CLUSTER}:topology`,
  /** Hash: trunk → health as JSON. */
  health: `${CLUSTER}:health`,
  /** Counter that grows with every change of health. */
  healthRevision: `${CLUSTER}:health-revision`,
  /** List of passive trunk signals, oldest first. */
  signals: `${CLUSTER}:signals`,
  /** Hash: member id → member as JSON. */
  members: `${CLUSTER}:members`,
  /** Sorted set: member id by the time (epoch ms, Redis's clock) its entry lapses. */
  memberLapses: `${CLUSTER}:member-lapses`,
  /** Set of `worker:<id>` and `pool:<name>` that shall drain. */
  drains: `${CLUSTER}:drains`,
  /** Hash: holder, epoch, until of the leader lease. */
  leader: `${CLUSTER}:leader`,
} as const;

/** List of probe requests that wait for a worker of the pool. */
export function probeRequestsKey(pool: string): string {
  return `${CLUSTER}:probe-requests:${pool}`;
}

/** List of probe results for one asking process. */
export function probeRepliesKey(asker: string): string {
  return `${CLUSTER}:probe-replies:${asker}`;
}

/** Pub/sub channels; the message is only a hint to look. */
export const channels = {
  topology: `${CLUSTER}:topology-changed`,
  health: `${CLUSTER}:health-changed`,
} as const;
