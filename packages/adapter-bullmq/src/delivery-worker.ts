import type { Unwatch } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import { UnrecoverableError, Worker, type Job } from "bullmq";
import { errorReason } from "./error-reason.ts";
import { endWorker } from "./end-worker.ts";
import { QUEUE_PREFIX, QUEUES, type QueueConnection } from "./queue-connection.ts";
import { queueOperation } from "./queue-failure.ts";
import { postRecords, type DeliveryOutcome, type WebhookTarget } from "./webhook-request.ts";

/** One queued batch: the records' JSON in order. */
export interface DeliveryBatch {
  readonly records: readonly string[];
}

export interface DeliveryWorkerOptions {
  readonly target: WebhookTarget;
  /** The queue of another kind of records. Default: that of ordinary detail records. */
  readonly queue?: (typeof QUEUES)["detailDeliver" | "emergencyDeliver"];
  /** A batch older than this becomes a dead letter. Default 24 h. */
  readonly giveUpAfterMs?: number;
  /** First pause after a failure; doubles up to a minute. Default 1 000. */
  readonly firstPauseMs?: number;
  /** Told how each try went: `delivered`, `retried`, or `failed` (a dead letter now), and for how many records. */
  readonly onDelivery?: (result: "delivered" | "retried" | "failed", records: number) => void;
}

const DAY_MS = 86_400_000;
const LONGEST_PAUSE_MS = 60_000;
/** The batch of a leader that died is free again after this long and a look. */
const LOCK_MS = 8_000;
const STALLED_LOOK_MS = 3_000;
/** A worker's death says nothing about the batch it was at. */
const DEATHS_ALLOWED = 1_000_000;
/** BullMQ heeds a pause only when a rate limit is configured; this one limits nothing. */
const NO_LIMIT = { max: 1_000_000, duration: 1_000 } as const;

/**
 * Delivers queued batches in order, one at a time. While the receiver is away the batch at the head goes back to the head and the queue rests, so that
 * nothing overtakes; what the receiver refuses as such becomes a dead letter and the line moves on.
 */
export async function runDeliveries(
  connection: QueueConnection,
  options: DeliveryWorkerOptions,
): Promise<Result<Unwatch, Failure>> {
  const { target, giveUpAfterMs = DAY_MS, firstPauseMs = 1_000, onDelivery = () => undefined } = options;
  let failuresInRow = 0;
  const deliver = async (job: Job<DeliveryBatch>): Promise<void> => {
    const { records } = job.data;
    const outcome = await postRecords(target, { key: job.id ?? "", records }, Date.now());
    if (outcome.kind === "delivered") {
      failuresInRow = 0;
      onDelivery("delivered", records.length);
      return;
    }
    if (outcome.kind === "refused" || Date.now() - job.timestamp > giveUpAfterMs) {
      onDelivery("failed", records.length);
      throw new UnrecoverableError(reasonOf(outcome));
    }
    onDelivery("retried", records.length);
    await worker.rateLimit(outcome.retryAfterMs ?? Math.min(firstPauseMs * 2 ** failuresInRow, LONGEST_PAUSE_MS));
    failuresInRow = Math.min(failuresInRow + 1, 16);
    throw Worker.RateLimitError();
  };
  const worker = new Worker<DeliveryBatch>(options.queue ?? QUEUES.detailDeliver, deliver, {
    connection: connection.client,
    prefix: QUEUE_PREFIX,
    concurrency: 1,
    limiter: NO_LIMIT,
    maximumRateLimitDelay: 1_000,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_LOOK_MS,
    maxStalledCount: DEATHS_ALLOWED,
  });
  worker.on("error", (error) => {
    connection.onError("webhook worker", errorReason(error));
  });
  const ready = await queueOperation("start webhook worker", () => worker.waitUntilReady());
  if (ready.ok) return ok(() => endWorker(worker));
  await endWorker(worker);
  return ready;
}

function reasonOf(outcome: DeliveryOutcome): string {
  if (outcome.kind === "refused") return `refused with ${String(outcome.status)}`;
  return "not delivered in time";
}
