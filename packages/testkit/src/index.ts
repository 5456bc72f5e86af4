export {
  freePort,
  startRedisCluster,
  startRedisSentinel,
  startRedisServer,
  until,
  type RedisClusterFixture,
  type RedisFixture,
  type RedisProcess,
  type RedisSentinelFixture,
  type RedisServerFixture,
  type RedisServerOptions,
} from "./redis/index.ts";
