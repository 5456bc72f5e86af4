import type { PoolWorkloads } from "@tandem/adapter-kubernetes";
import {
  configurationOrExit,
  field,
  redisUrlOf,
  redisVariables,
  type Environment,
  type LogLevel,
  type SocketAddress,
} from "@tandem/runtime";
import { parseIpBlock } from "@tandem/domain";
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
  /** Where devices ask for their location; null: nowhere. */
  readonly held: HeldConfig | null;
}

/** The HELD listener; without certificate and key it is in clear. */
interface HeldConfig {
  readonly address: SocketAddress;
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
  /** Addresses or CIDR blocks of proxies whose `X-Forwarded-For` is believed. */
  readonly proxies: readonly string[];
  /** Requests a minute that one source may make without a key; 0: any number. */
  readonly ratePerMinute: number;
}

/** A supervisor reached by HTTP, with the token it expects; or Kubernetes, with the workloads of every pool. */
type ScalerConfig =
  | { readonly kind: "supervisor"; readonly url: string; readonly token: string }
  | {
      readonly kind: "kubernetes";
      readonly host: string;
      readonly port: number;
      readonly pools: Readonly<Record<string, PoolWorkloads>>;
    };

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

const supervisorUrl = z.url({ protocol: /^https?$/ });

const workload = z.strictObject({
  resource: z.enum(["deployments", "daemonsets"]),
  name: z.string().min(1),
  fixed: z.boolean().default(false),
});

/** The control API's environment; docs/architecture.md lists the variables. */
export const controlApiSchema = z
  .object({
    TANDEM_NODE_ID: field.nodeId("control-api"),
    TANDEM_LOG_LEVEL: field.logLevel(),
    ...redisVariables,
    TANDEM_API: field.address(),
    TANDEM_HTTP: field.address(),
    TANDEM_API_KEYS: apiKeys,
    /** `http://host:port` of a supervisor, or `kubernetes`. */
    TANDEM_SCALER: z
      .string()
      .refine((text) => text === "kubernetes" || supervisorUrl.safeParse(text).success, {
        message: "expected http://host:port of a supervisor, or kubernetes",
      })
      .optional(),
    TANDEM_SCALER_TOKEN: z.string().optional(),
    TANDEM_SCALER_WORKLOADS: field
      .json(z.record(z.string(), z.strictObject({ workers: workload, edges: workload })))
      .optional(),
    /** `address:port` where devices ask for their location (RFC 5985). */
    TANDEM_HELD: field.address().optional(),
    TANDEM_HELD_CERT: z.string().min(1).optional(),
    TANDEM_HELD_KEY: z.string().min(1).optional(),
    /** Comma list of addresses or CIDR blocks. */
    TANDEM_HELD_PROXIES: z
      .string()
      .transform((text) => text.split(",").map((each) => each.trim()))
      .refine((blocks) => blocks.every((block) => parseIpBlock(block) !== null), {
        message: "expected addresses or CIDR blocks, separated by commas",
      })
      .optional(),
    /** Requests a minute that one source may make without a key; 0: any number. */
    TANDEM_HELD_RATE: field.integer(0, 1_000_000).default(600),
    /** Where the API server is; Kubernetes gives them to every container. */
    KUBERNETES_SERVICE_HOST: z.string().optional(),
    KUBERNETES_SERVICE_PORT: field.integer(1, 65_535).default(443),
  })
  .superRefine((given, context) => {
    if ((given.TANDEM_HELD_CERT === undefined) !== (given.TANDEM_HELD_KEY === undefined)) {
      const message = "expected TANDEM_HELD_CERT and TANDEM_HELD_KEY together";
      context.addIssue({ code: "custom", path: ["TANDEM_HELD_CERT"], message });
    }
    for (const [name, message] of missingForScaler(given)) context.addIssue({ code: "custom", path: [name], message });
  })
  .transform((env): ControlApiConfig => ({
    nodeId: env.TANDEM_NODE_ID,
    logLevel: env.TANDEM_LOG_LEVEL,
    redisUrl: redisUrlOf(env),
    api: env.TANDEM_API,
    http: env.TANDEM_HTTP,
    keys: env.TANDEM_API_KEYS,
    scaler: scalerConfig(env),
    held:
      env.TANDEM_HELD === undefined
        ? null
        : {
            address: env.TANDEM_HELD,
            certificateFile: env.TANDEM_HELD_CERT ?? null,
            keyFile: env.TANDEM_HELD_KEY ?? null,
            proxies: env.TANDEM_HELD_PROXIES ?? [],
            ratePerMinute: env.TANDEM_HELD_RATE,
          },
  }));

interface ScalerVariables {
  readonly TANDEM_SCALER?: string | undefined;
  readonly TANDEM_SCALER_TOKEN?: string | undefined;
  readonly TANDEM_SCALER_WORKLOADS?: Readonly<Record<string, PoolWorkloads>> | undefined;
  readonly KUBERNETES_SERVICE_HOST?: string | undefined;
  readonly KUBERNETES_SERVICE_PORT: number;
}

function missingForScaler(given: ScalerVariables): readonly (readonly [variable: string, message: string])[] {
  if (given.TANDEM_SCALER === undefined) return [];
  if (given.TANDEM_SCALER !== "kubernetes") {
    return given.TANDEM_SCALER_TOKEN === undefined ? [["TANDEM_SCALER_TOKEN", "expected the supervisor's token"]] : [];
  }
  const missing: (readonly [string, string])[] = [];
  if (given.TANDEM_SCALER_WORKLOADS === undefined)
    missing.push(["TANDEM_SCALER_WORKLOADS", "expected the workloads of every pool as JSON"]);
  if (given.KUBERNETES_SERVICE_HOST === undefined)
    missing.push(["KUBERNETES_SERVICE_HOST", "expected the API server's address, which every pod is given"]);
  return missing;
}

function scalerConfig(given: ScalerVariables): ScalerConfig | null {
  const { TANDEM_SCALER: scaler, TANDEM_SCALER_TOKEN: token, TANDEM_SCALER_WORKLOADS: pools } = given;
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = given;
  if (scaler === undefined) return null;
  if (scaler !== "kubernetes")
    return token === undefined ? null : { kind: "supervisor", url: scaler.replace(/\/$/, ""), token };
  return pools === undefined || host === undefined ? null : { kind: "kubernetes", host, port, pools };
}

export function readConfig(environment: Environment): ControlApiConfig {
  return configurationOrExit(controlApiSchema, environment);
}
