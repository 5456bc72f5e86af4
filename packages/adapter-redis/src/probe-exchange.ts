import type { ProbeExchange, ProbeRequest, ProbeResult } from "@tandem/call-control";
import type { RedisConnection } from "./connection.ts";
import { probeRepliesKey, probeRequestsKey } from "./keys.ts";
import { createPoolRequests } from "./pool-requests.ts";

/** Probe requests of the controller to workers of a trunk's pool. */
export function createProbeExchange(connection: RedisConnection, now: () => number = Date.now): ProbeExchange {
  const place = { noun: "probe", requestsKey: probeRequestsKey, repliesKey: probeRepliesKey };
  return createPoolRequests<ProbeRequest, ProbeResult>(connection, place, now);
}
