import { plan, type Demand, type MeasuredConstants, type Plan } from "@tandem/capacity";
import { formatTable, round } from "./table.ts";

/** One line per size: the whole of what each demand takes, all pools, gateways and masters together. */
export function formatSizes(demands: readonly Demand[], constants: MeasuredConstants): string {
  const head = ["calls/s", "busy-hour calls", "calls up", "workers", "edges", "channels", "Redis MiB", "masters"];
  return `${formatTable(
    [...head, "clusters"],
    demands.map((demand) => sizeOf(demand, plan(demand, constants))),
  )}\n`;
}

function sizeOf({ busyHourCalls }: Demand, { callsPerSecond, establishedCalls, pools, gateways, redis }: Plan) {
  return [
    round(callsPerSecond, 1),
    round(busyHourCalls),
    round(establishedCalls),
    round(sum(pools.map(({ workers }) => workers))),
    round(sum(pools.map(({ edges }) => edges))),
    round(sum(gateways.map(({ channelsOneLost }) => channelsOneLost))),
    round(redis.bytes / 1_048_576),
    round(redis.clusters * redis.masters),
    round(redis.clusters),
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
