import { callsPerSecondOfACluster, SHARDS, type MeasuredConstants, type Plan } from "@tandem/capacity";
import { formatTable, round } from "./table.ts";

/** The plan as a page for people. */
export function formatPlan(plan: Plan, constants: MeasuredConstants): string {
  return [
    `${round(plan.callsPerSecond, 1)} calls/s in the busiest minute, ${round(plan.establishedCalls)} calls up at once, ${round(plan.erlangs)} erlangs`,
    "",
    formatTable(
      ["pool", "calls/s", "one pool lost", "set-ups at once", "workers", "edges", "bound by"],
      plan.pools.map((pool) => [
        pool.name,
        round(pool.callsPerSecond, 1),
        round(pool.callsPerSecondOneLost, 1),
        round(pool.setupsAtOnce),
        String(pool.workers),
        String(pool.edges),
        pool.boundBy,
      ]),
    ),
    "",
    formatTable(
      ["gateway", "erlangs", "channels", "one gateway lost", "blocked then without the spare"],
      plan.gateways.map((gateway) => [
        gateway.name,
        round(gateway.erlangs, 1),
        String(gateway.channels),
        String(gateway.channelsOneLost),
        `${round(gateway.blockingOneLost * 100, 1)} %`,
      ]),
    ),
    "",
    ...redisLines(plan, constants),
    `Besides${plan.redis.clusters > 1 ? ", in each cluster" : ""}: 2 controllers, 2 control APIs. Processes are planned at ${round(constants.utilisation * 100)} % of a core, one of each pool's workers and edges may be lost.`,
    "",
  ].join("\n");
}

function redisLines({ redis }: Plan, constants: MeasuredConstants): readonly string[] {
  const masters = `${redis.masters} master(s) with a replica each`;
  const size = `Redis: maxmemory ${round(redis.bytes / 1_048_576)} MiB in all, ${round(redis.cores, 2)} cores, `;
  const slots =
    redis.masters === SHARDS
      ? [`Each master serves one of the ${SHARDS} shards only with slots placed as docs/capacity.md says.`]
      : [];
  if (redis.clusters === 1) return [size + masters, ...slots];
  const most = round(callsPerSecondOfACluster(constants));
  return [
    `${size}${redis.clusters} clusters of ${masters}`,
    `Too much for one cluster: its ${SHARDS} shards carry ${most} calls/s. Divide pools and trunks over ${redis.clusters} clusters, each with its own Redis and control processes.`,
    ...slots,
  ];
}
