import {
  connectRedis,
  createEmergencyPathBoard,
  createEmergencyRecordBook,
  createLocationDatabase,
  createMembership,
  createNotificationBook,
  createRedisCallStore,
  createTopologyRegistry,
  createTrunkHealthBoard,
  type RedisConnection,
} from "@tandem/adapter-redis";
import { createLogger, systemClock } from "@tandem/runtime";
import { startRedisServer, type RedisServerFixture } from "@tandem/testkit";
import type { FastifyBaseLogger } from "fastify";
import { createApp } from "../src/app.ts";
import type { ControlServices } from "../src/services.ts";
import type { TypedApp } from "../src/typed-app.ts";

const KEY = "k".repeat(32);

/** The one API key of the rig, and requests' headers with it. */
export const key = KEY;
export const keys: ReadonlyMap<string, string> = new Map([["ops", KEY]]);
export const headers = { "x-api-key": KEY } as const;

/** A control API on an emptied Redis, with everything it logs. */
export interface ApiRig {
  readonly services: ControlServices;
  readonly app: TypedApp;
  readonly log: string[];
  readonly logger: FastifyBaseLogger;
}

/** A Redis for a file's tests, and a fresh rig on it for each. */
export class ApiRigs {
  readonly redis: RedisServerFixture;
  #connection: RedisConnection | null = null;

  private constructor(redis: RedisServerFixture) {
    this.redis = redis;
  }

  static async start(): Promise<ApiRigs> {
    return new ApiRigs(await startRedisServer());
  }

  async fresh(): Promise<ApiRig> {
    await this.#connection?.close();
    const connected = connectRedis(this.redis.url);
    if (!connected.ok) throw new Error(connected.error.detail);
    const connection = connected.value;
    this.#connection = connection;
    await connection.run("flushall", (client) => client.flushall());
    const services = servicesOn(connection);
    const log: string[] = [];
    const stream = { write: (line: string) => void log.push(line) };
    const logger = createLogger({ name: "test", level: "info", stream }) as unknown as FastifyBaseLogger;
    const app = await createApp({ services, keys, logger, unready: () => [] });
    return { services, app, log, logger };
  }

  async stop(): Promise<void> {
    await this.#connection?.close();
    await this.redis[Symbol.asyncDispose]();
  }
}

function servicesOn(connection: RedisConnection): ControlServices {
  return {
    topology: createTopologyRegistry(connection),
    health: createTrunkHealthBoard(connection),
    membership: createMembership(connection),
    calls: createRedisCallStore(connection),
    locations: createLocationDatabase(connection),
    emergency: {
      records: createEmergencyRecordBook(connection),
      notifications: createNotificationBook(connection),
      paths: createEmergencyPathBoard(connection),
    },
    clock: systemClock,
    scaler: null,
  };
}
