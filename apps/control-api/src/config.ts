import { configurationOrExit, field, type Environment, type LogLevel, type SocketAddress } from "@tandem/runtime";
import { z } from "zod";
import type { ApiKeys } from "./services.ts";

/** Everything the control API reads from its environment; see docs/architecture.md. */
export interface ControlApiConfig {
  readonly nodeId: string;
  readonly logLevel: LogLevel;
  readonly redisUrl: string;
  readonly api: SocketAddress;
  readonly http: SocketAddress;
  readonly keys: ApiKeys;
}

/** Shortest API key accepted, in characters: 96 bits of hexadecimal. */
const minimumKeyLength = 24;

const apiKeys = z.string({ error: "expected a comma list of name:key" }).transform((text, context): ApiKeys => {
  const keys = new Map<string, string>();
  for (const entry of text.split(",")) {
    const [, name, key] = /^\s*([A-Za-z0-9._-]{1,64}):(\S+)\s*$/.exec(entry) ?? [];
    if (name === undefined || key === undefined || key.length < minimumKeyLength || keys.has(name)) {
      context.addIssue({
        code: "custom",
        message: `expected name:key pairs with different names and keys of at least ${minimumKeyLength} characters`,
      });
      return z.NEVER;
    }
    keys.set(name, key);
  }
  return keys;
});

const schema = z
  .object({
    TANDEM_NODE_ID: field.nodeId("control-api"),
    TANDEM_LOG_LEVEL: field.logLevel(),
    TANDEM_REDIS: z.string({ error: "expected a redis URL" }),
    TANDEM_API: field.address(),
    TANDEM_HTTP: field.address(),
    TANDEM_API_KEYS: apiKeys,
  })
  .transform((env): ControlApiConfig => ({
    nodeId: env.TANDEM_NODE_ID,
    logLevel: env.TANDEM_LOG_LEVEL,
    redisUrl: env.TANDEM_REDIS,
    api: env.TANDEM_API,
    http: env.TANDEM_HTTP,
    keys: env.TANDEM_API_KEYS,
  }));

export function readConfig(environment: Environment): ControlApiConfig {
  return configurationOrExit(schema, environment);
}
