/**
 * Every key of Tandem. What a script touches together carries one hash tag, so that it lives in one slot of a Redis Cluster:
 * `{c<shard>}` for calls, `{t:<trunk>}` for a trunk's limits, `{cluster}` for what the cluster knows of itself, `{lis}` for the location database.
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
  /** Sorted set of a pool: call id by the time (epoch ms, Redis's clock) until which its caller, who waits, counts as attended to. Append the pool. */
  readonly attendedPrefix: string;
  /** Hash: trunk → calls at once of this shard. */
  readonly loads: string;
  /** Stream of detail records. */
  readonly details: string;
  /** Stream of emergency records. */
  readonly emergencies: string;
  /** Streams of detail and emergency records that cannot be read. */
  readonly detailsAside: string;
  readonly emergenciesAside: string;
  /** Written and never read: what a replica has that has this, it has from before. */
  readonly fence: string;
}

export function shardKeys(shard: number): ShardKeys {
  const tag = `${PREFIX}:{c${String(shard)}}`;
  return {
    callPrefix: `${tag}:call:`,
    deadlines: `${tag}:deadlines`,
    live: `${tag}:live`,
    attendedPrefix: `${tag}:attended:`,
    loads: `${tag}:loads`,
    details: `${tag}:details`,
    emergencies: `${tag}:emergencies`,
    detailsAside: `${tag}:details-aside`,
    emergenciesAside: `${tag}:emergencies-aside`,
    fence: `${tag}:fence`,
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
  /** Sorted set: call id by the time (epoch ms) it took its lease. */
  readonly ages: string;
  /** Sorted set: emergency call by the time (epoch ms) its place lapses. */
  readonly seized: string;
}

export function gateKeys(trunk: string): GateKeys {
  const tag = `${PREFIX}:{t:${tagText(trunk)}}`;
  return { leases: `${tag}:gate`, rate: `${tag}:rate`, ages: `${tag}:ages`, seized: `${tag}:seized` };
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
  /** Sorted set: member id by the time (epoch ms, Redis's clock) its entry lapses, or lapsed without a goodbye. */
  memberLapses: `${CLUSTER}:member-lapses`,
  /** Set of `worker:<id>` and `pool:<name>` that shall drain. */
  drains: `${CLUSTER}:drains`,
  /** Hash: pool and trunk → how the emergency path fared when it was last walked, as JSON. */
  emergencyPaths: `${CLUSTER}:emergency-paths`,
  /** Hash: holder, epoch, until of the leader lease. */
  leader: `${CLUSTER}:leader`,
} as const;

const CALLBACKS = `${PREFIX}:{callbacks}`;

/** Keys of the callbacks of emergency calls; all in one slot. */
export const callbackKeys = {
  /** Hash: key of a number → when it lapses, call id, caller as JSON. */
  entries: `${CALLBACKS}:entries`,
  /** Sorted set: key of a number by the time (epoch ms) it lapses. */
  lapses: `${CALLBACKS}:lapses`,
  /** Sorted set: ELIN, caller and call id by the time (epoch ms) the loan ends. */
  holders: `${CALLBACKS}:holders`,
  /** Hash: ELIN → when it was lent last (epoch ms). */
  lent: `${CALLBACKS}:lent`,
  /** Counter that grows with every change. */
  revision: `${CALLBACKS}:revision`,
} as const;

/** List of probe requests that wait for a worker of the pool. */
export function probeRequestsKey(pool: string): string {
  return `${CLUSTER}:probe-requests:${pool}`;
}

/** List of probe results for one asking process. */
export function probeRepliesKey(asker: string): string {
  return `${CLUSTER}:probe-replies:${asker}`;
}

/** List of errands that wait for a worker of the pool. */
export function errandRequestsKey(pool: string): string {
  return `${CLUSTER}:errand-requests:${pool}`;
}

/** List of errand results for one asking process. */
export function errandRepliesKey(asker: string): string {
  return `${CLUSTER}:errand-replies:${asker}`;
}

const NOTICES = `${PREFIX}:{notices}`;

/** Keys of notifications; all in one slot. */
export const noticeKeys = {
  /** Stream of notices on their way to the controller. */
  stream: `${NOTICES}:stream`,
  /** Stream of notices that cannot be read. */
  aside: `${NOTICES}:aside`,
  /** Sorted set: call id by the time (epoch ms) of the call. */
  index: `${NOTICES}:index`,
} as const;

/** Hash: a call's notification. */
export function notificationKey(callId: string): string {
  return `${NOTICES}:of:${callId}`;
}

const EMERGENCIES = `${PREFIX}:{emergencies}`;

/** Sorted set: call id of an emergency record by the time (epoch ms) of the call. */
export const emergencyRecordsKey = `${EMERGENCIES}:index`;

/** A call's emergency record as JSON. */
export function emergencyRecordKey(callId: string): string {
  return `${EMERGENCIES}:of:${callId}`;
}

/** Call id and time of an emergency INVITE; each in a slot of its own. */
export function setupClaimKey(invite: string): string {
  return `${PREFIX}:{setup:${invite}}`;
}

const LIS = `${PREFIX}:{lis}`;

/** Keys of the location database; all in one slot, so that an edition takes another's place in one step. */
export const lisKeys = {
  /** Hash: row's key → row, as people work on it. */
  draft: `${LIS}:draft`,
  /** Hash: row's key → row, as calls see it. */
  published: `${LIS}:published`,
  /** Hash: revision of the draft; version, author, atMs and publishedRevision of the published edition. */
  state: `${LIS}:state`,
  /** Held by whoever is publishing. */
  lock: `${LIS}:publishing`,
} as const;

/** Hash of rows that are under way from one place to another. */
export function lisWorkKey(stage: "collected" | "copied" | "retired", token: string): string {
  return `${LIS}:${stage}:${token}`;
}

/** Pub/sub channels; the message is only a hint to look. */
export const channels = {
  topology: `${CLUSTER}:topology-changed`,
  health: `${CLUSTER}:health-changed`,
  callbacks: `${CLUSTER}:callbacks-changed`,
} as const;
