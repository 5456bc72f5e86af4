import type { Errand, ErrandResult, WorkerErrands } from "@tandem/call-control";
import type { RedisConnection } from "./connection.ts";
import { errandRepliesKey, errandRequestsKey } from "./keys.ts";
import { createPoolRequests } from "./pool-requests.ts";

/** Errands of the controller to workers of a pool. */
export function createWorkerErrands(connection: RedisConnection, now: () => number = Date.now): WorkerErrands {
  const place = { noun: "errand", requestsKey: errandRequestsKey, repliesKey: errandRepliesKey };
  return createPoolRequests<Errand, ErrandResult>(connection, place, now);
}
