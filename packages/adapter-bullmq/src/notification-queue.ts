import type { NotificationHandler, NotificationJob, NotificationQueue } from "@tandem/call-control";
import { ok } from "@tandem/domain";
import { Queue, Worker, type Job } from "bullmq";
import { errorReason } from "./error-reason.ts";
import { endWorker } from "./end-worker.ts";
import { QUEUE_PREFIX, QUEUES, type QueueConnection } from "./queue-connection.ts";
import { queueOperation } from "./queue-failure.ts";
import { idempotencyKey } from "./webhook-request.ts";

export interface NotificationQueueOptions {
  /** First pause after a failure; doubles up to half a minute. Default 1 000. */
  readonly firstPauseMs?: number;
  /** Tries before a job is given up. Default 120: about an hour. */
  readonly tries?: number;
}

/** A notification queue that can be closed with its connection still open. */
export interface BullNotificationQueue extends NotificationQueue {
  close(): Promise<void>;
}

/** Jobs under way at once; each waits for an answer most of the time. */
const CONCURRENCY = 32;
const LONGEST_PAUSE_MS = 30_000;
/** Jobs done stay known this long: one queued again after a crash of the forwarder is recognised as the same. */
const MEMORY_S = 86_400;
/** The job of a leader that died is free again after this long and a look. */
const LOCK_MS = 15_000;
const STALLED_LOOK_MS = 3_000;
/** A worker's death says nothing about the job it was at. */
const DEATHS_ALLOWED = 1_000_000;

/** Deliveries and escalations of notifications as BullMQ jobs, each tried again by itself. */
export function createNotificationQueue(
  connection: QueueConnection,
  { firstPauseMs = 1_000, tries = 120 }: NotificationQueueOptions = {},
): BullNotificationQueue {
  const queue = openQueue(connection, tries);
  return {
    async add(jobs) {
      const bulk = jobs.map(({ job, afterMs }) => ({
        name: job.kind,
        data: job,
        opts: { jobId: idempotencyKey([job.kind, job.callId, job.target]), delay: afterMs },
      }));
      const queued = await queueOperation("queue notifications", () => queue.addBulk(bulk));
      return queued.ok ? ok(undefined) : queued;
    },

    async run(handler) {
      const pause = (made: number): number => Math.min(firstPauseMs * 2 ** Math.min(made - 1, 16), LONGEST_PAUSE_MS);
      const worker = new Worker<NotificationJob>(QUEUES.notificationWork, (job) => work(job, handler), {
        connection: connection.client,
        prefix: QUEUE_PREFIX,
        concurrency: CONCURRENCY,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_LOOK_MS,
        maxStalledCount: DEATHS_ALLOWED,
        settings: { backoffStrategy: pause },
      });
      worker.on("error", (error) => {
        connection.onError("notification worker", errorReason(error));
      });
      const ready = await queueOperation("start notification worker", () => worker.waitUntilReady());
      if (ready.ok) return ok(() => endWorker(worker));
      await endWorker(worker);
      return ready;
    },

    close: () => queue.close(),
  };
}

function openQueue(connection: QueueConnection, tries: number): Queue<NotificationJob> {
  const queue = new Queue<NotificationJob>(QUEUES.notificationWork, {
    connection: connection.client,
    prefix: QUEUE_PREFIX,
    defaultJobOptions: {
      attempts: tries,
      backoff: { type: "growing" },
      removeOnComplete: { age: MEMORY_S },
      removeOnFail: { age: MEMORY_S },
    },
  });
  queue.on("error", (error) => {
    connection.onError("notification queue", errorReason(error));
  });
  return queue;
}

/** BullMQ tries a job again when it throws. */
async function work(job: Job<NotificationJob>, handler: NotificationHandler): Promise<void> {
  const last = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
  const end = await handler.work(job.data, last);
  if (end === "again") throw new Error("not yet");
}
