import { randomBytes } from "node:crypto";
import { createHeldSource } from "@tandem/adapter-held";
import { createLocationDatabase, type RedisConnection } from "@tandem/adapter-redis";
import { createLocationSource, type LocationSource } from "@tandem/call-control";
import { systemClock, type Logger } from "@tandem/runtime";
import type { WorkerConfig } from "./config.ts";

/** Where callers are: the location database in Redis, then the topology's secondary source. */
export function locationSource(redis: RedisConnection, config: WorkerConfig, logger: Logger): LocationSource {
  const secondary = createHeldSource({
    ...(config.locationToken === undefined ? {} : { token: config.locationToken }),
    onCircuit: (host, state) => logger.warn({ host, state }, "secondary location source"),
  });
  return createLocationSource({ database: createLocationDatabase(redis), secondary, clock: systemClock });
}

/** 128 bits as hexadecimal digits. */
export function unguessableName(): string {
  return randomBytes(16).toString("hex");
}
