export type { RedisProcess } from "./redis-process.ts";
export {
  startRedisServer,
  type RedisFixture,
  type RedisServerFixture,
  type RedisServerOptions,
} from "./redis-server.ts";
export { startRedisCluster, type RedisClusterFixture } from "./redis-cluster.ts";
export { startRedisSentinel, type RedisSentinelFixture } from "./redis-sentinel.ts";
export { until } from "./until.ts";
export { startRedisContainer, whyNoRedisContainer } from "./redis-container.ts";
