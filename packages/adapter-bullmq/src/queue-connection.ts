import type { Cluster, Redis } from "ioredis";

/**
 * A client for BullMQ, made by the process's Redis adapter: `maxRetriesPerRequest: null`, no command timeout. BullMQ makes its blocking connections from
 * it by itself.
 */
export type QueueClient = Redis | Cluster;

export interface QueueConnection {
  readonly client: QueueClient;
  /** Told of errors of BullMQ's own making, for the log: what they are, never what they say, so no job data. */
  readonly onError: (where: string, reason: string) => void;
}

/** All keys of all queues share one hash tag, which BullMQ needs on a Redis Cluster. */
export const QUEUE_PREFIX = "{tandem-bull}";

/** Names are noun-verb; also in the keys, so they never change. */
export const QUEUES = {
  trunkProbe: "trunk-probe",
  detailDeliver: "detail-deliver",
  emergencyDeliver: "emergency-deliver",
  notificationWork: "notification-work",
} as const;
