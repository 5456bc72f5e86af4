import type { ProbeEntry, ProbeSchedule, Unwatch } from "@tandem/call-control";
import { ok, type Failure, type Result } from "@tandem/domain";
import { Queue, Worker } from "bullmq";
import { errorReason } from "./error-reason.ts";
import { endWorker } from "./end-worker.ts";
import { QUEUE_PREFIX, QUEUES, type QueueConnection } from "./queue-connection.ts";
import { queueOperation } from "./queue-failure.ts";

/** Probes under way at once; each waits for its answer most of the time. */
const CONCURRENCY = 64;
/** New trunks are not all due in the same instant, now and at every later turn. */
const SPREAD_MS = 20;
/** A probe a dead leader left unfinished is free again after this long. */
const LOCK_MS = 15_000;
const STALLED_LOOK_MS = 10_000;

/** A probe schedule that can be closed with its connection still open. */
export interface BullProbeSchedule extends ProbeSchedule {
  close(): Promise<void>;
}

/** One BullMQ job scheduler per trunk; its id is the trunk's name. */
export function createProbeSchedule(connection: QueueConnection): BullProbeSchedule {
  const queue = new Queue(QUEUES.trunkProbe, { connection: connection.client, prefix: QUEUE_PREFIX });
  queue.on("error", (error) => {
    connection.onError("probe schedule", errorReason(error));
  });
  return {
    async replace(entries) {
      const known = await queueOperation("list probe schedulers", () => queue.getJobSchedulers());
      if (!known.ok) return known;
      const wanted = new Set(entries.map(({ trunk }) => trunk));
      const gone = known.value.filter(({ key }) => !wanted.has(key));
      const startMs = Date.now();
      return queueOperation("replace probe schedule", async () => {
        await Promise.all(gone.map(({ key }) => queue.removeJobScheduler(key)));
        await Promise.all(entries.map((entry, place) => upsert(queue, entry, startMs + place * SPREAD_MS)));
      });
    },

    async reschedule(entry) {
      return queueOperation("reschedule probe", () => upsert(queue, entry, Date.now() + entry.everyMs));
    },

    async cancel(trunk) {
      const removed = await queueOperation("cancel probe", () => queue.removeJobScheduler(trunk));
      return removed.ok ? ok(undefined) : removed;
    },

    run: (onDue) => runProbes(connection, onDue),

    close: () => queue.close(),
  };
}

/** Keeps the turn of a scheduler whose interval is the same, and makes its next job if a crash lost it. */
async function upsert(queue: Queue, { trunk, everyMs }: ProbeEntry, firstMs: number): Promise<void> {
  await queue.upsertJobScheduler(
    trunk,
    { every: everyMs, startDate: firstMs },
    { name: QUEUES.trunkProbe, data: { trunk }, opts: { removeOnComplete: true, removeOnFail: true, attempts: 1 } },
  );
}

async function runProbes(
  connection: QueueConnection,
  onDue: (trunk: string) => Promise<void>,
): Promise<Result<Unwatch, Failure>> {
  const worker = new Worker<{ readonly trunk: string }>(QUEUES.trunkProbe, (job) => onDue(job.data.trunk), {
    connection: connection.client,
    prefix: QUEUE_PREFIX,
    concurrency: CONCURRENCY,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_LOOK_MS,
  });
  worker.on("error", (error) => {
    connection.onError("probe worker", errorReason(error));
  });
  const ready = await queueOperation("start probe worker", () => worker.waitUntilReady());
  if (ready.ok) return ok(() => endWorker(worker));
  await endWorker(worker);
  return ready;
}
