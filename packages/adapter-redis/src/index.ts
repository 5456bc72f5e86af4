export { connectRedis, type RedisConnection, type RedisConnectionOptions } from "./connection.ts";
export type { RedisClient } from "./client-options.ts";
export { parseRedisUrl, type RedisTarget } from "./redis-url.ts";
export { createRedisCallStore, type RedisCallStore, type RedisCallStoreOptions } from "./call-store.ts";
export { createRedisTrunkGate, type GateLease, type RedisTrunkGate } from "./trunk-gate.ts";
