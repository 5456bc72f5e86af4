import type { DetailRecordSink, StreamedRecord, Unwatch } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import { Queue } from "bullmq";
import type { DeliveryBatch } from "./delivery-worker.ts";
import { runDeliveries, type DeliveryWorkerOptions } from "./delivery-worker.ts";
import { errorReason } from "./error-reason.ts";
import { QUEUE_PREFIX, QUEUES, type QueueConnection } from "./queue-connection.ts";
import { queueOperation } from "./queue-failure.ts";
import { idempotencyKey } from "./webhook-request.ts";

/** Records per request. */
const BATCH = 100;
/** Delivered batches stay known this long: a batch queued again after a crash of the forwarder is recognised as the same. */
const DELIVERED_MEMORY_S = 3_600;
const DELIVERED_MEMORY_BATCHES = 1_000;
/** Dead letters are kept for people to look at and send again. */
const DEAD_LETTER_MEMORY_S = 30 * 86_400;

/** Detail records to an HTTP receiver through a queue in Redis. */
export interface WebhookSink extends DetailRecordSink {
  /** Delivers what is queued until unwatched; only the leader runs it. */
  run(): Promise<Result<Unwatch, Failure>>;
  /** Batches that wait for delivery, the one being tried included. */
  waiting(): Promise<Result<number, Failure>>;
  /** Batches given up: refused by the receiver, or not delivered for too long. */
  deadLetters(): Promise<Result<number, Failure>>;
}

export function createWebhookSink(connection: QueueConnection, options: DeliveryWorkerOptions): WebhookSink {
  const name = options.queue ?? QUEUES.detailDeliver;
  const queue = new Queue<DeliveryBatch>(name, {
    connection: connection.client,
    prefix: QUEUE_PREFIX,
    defaultJobOptions: {
      attempts: 1,
      removeOnComplete: { age: DELIVERED_MEMORY_S, count: DELIVERED_MEMORY_BATCHES },
      removeOnFail: { age: DEAD_LETTER_MEMORY_S },
    },
  });
  queue.on("error", (error) => {
    connection.onError("webhook queue", errorReason(error));
  });
  return {
    name: "webhook",
    async take(records) {
      const jobs = batches(records).map((batch) => ({
        name,
        data: { records: batch.map(({ json }) => json) },
        opts: { jobId: idempotencyKey(batch.map(({ id }) => id)) },
      }));
      const queued = await queueOperation("queue records", () => queue.addBulk(jobs));
      return queued.ok ? ok(undefined) : queued;
    },
    async run() {
      // One batch at a time in the whole cluster: a batch a dead leader was at blocks the later ones until it is taken up again, so order holds.
      const single = await queueOperation("set concurrency", () => queue.setGlobalConcurrency(1));
      return single.ok ? runDeliveries(connection, options) : single;
    },
    waiting: () =>
      queueOperation("count batches", async () => {
        const counts = await queue.getJobCounts("wait", "active", "delayed");
        return Object.values(counts).reduce((sum, count) => sum + count, 0);
      }),
    deadLetters: () => queueOperation("count dead letters", () => queue.getFailedCount()),
    close: () => queue.close(),
  };
}

function batches(records: readonly StreamedRecord[]): readonly (readonly StreamedRecord[])[] {
  const cut: (readonly StreamedRecord[])[] = [];
  for (let start = 0; start < records.length; start += BATCH) cut.push(records.slice(start, start + BATCH));
  return cut;
}
