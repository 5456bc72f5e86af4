import {
  configurationOrExit,
  field,
  redisUrlOf,
  redisVariables,
  type Environment,
  type LogLevel,
  type SocketAddress,
} from "@tandem/runtime";
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
  /** Who starts and ends the processes of pools; null: nobody that the API could ask. */
  readonly scaler: ScalerConfig | null;
}

/** A supervisor reached by HTTP, with the token it expects. */
interface ScalerConfig {
  readonly url: string;
  readonly token: string;
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
    ...redisVariables,
    TANDEM_API: field.address(),
    TANDEM_HTTP: field.address(),
    TANDEM_API_KEYS: apiKeys,
    TANDEM_SCALER: z.url({ protocol: /^https?$/, error: "expected http://host:port of a supervisor" }).optional(),
    TANDEM_SCALER_TOKEN: z.string().optional(),
  })
  .superRefine(({ TANDEM_SCALER: url, TANDEM_SCALER_TOKEN: token }, context) => {
    if (url === undefined || token !== undefined) return;
    context.addIssue({ code: "custom", path: ["TANDEM_SCALER_TOKEN"], message: "expected the supervisor's token" });
  })
  .transform((env): ControlApiConfig => ({
    nodeId: env.TANDEM_NODE_ID,
    logLevel: env.TANDEM_LOG_LEVEL,
    redisUrl: redisUrlOf(env),
    api: env.TANDEM_API,
    http: env.TANDEM_HTTP,
    keys: env.TANDEM_API_KEYS,
    scaler: scalerConfig(env.TANDEM_SCALER, env.TANDEM_SCALER_TOKEN),
  }));

function scalerConfig(url: string | undefined, token: string | undefined): ScalerConfig | null {
  return url === undefined || token === undefined ? null : { url: url.replace(/\/$/, ""), token };
}

export function readConfig(environment: Environment): ControlApiConfig {
  return configurationOrExit(schema, environment);
}
