export { constantsFromBench, type BenchFigures, type MeasuredConstants } from "./constants.ts";
export type { Demand, Share } from "./demand.ts";
export { blockingOf, channelsFor } from "./erlang-b.ts";
export { plan, type GatewayPlan, type Plan, type PoolPlan, type RedisPlan } from "./plan.ts";
export { callsPerSecondOfACluster, SHARDS } from "./shards.ts";
export { simulateBlocking } from "./simulation/channel-group.ts";
export { seededRandom } from "./simulation/random.ts";
export { simulateProcesses } from "./simulation/process-group.ts";
