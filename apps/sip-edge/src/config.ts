import { configurationOrExit, field, type Environment } from "@tandem/runtime";
import { z } from "zod";

const WILDCARDS = ["0.0.0.0", "::"];

const port = z.number().int("expected a whole number").min(0).max(65_535, "expected a port");

const listener = z
  .object({
    name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "expected 1 to 64 letters, digits, dots, hyphens or underscores"),
    transport: z.enum(["udp", "tcp", "tls"], { error: "expected udp, tcp or tls" }),
    address: z.union([z.ipv4(), z.ipv6()], { error: "expected an IP address to bind" }),
    port,
    /** What peers are told; empty or absent: the address bound. */
    advertisedAddress: z.string().optional(),
    /** What peers are told; 0 or absent: the port bound. */
    advertisedPort: port.optional(),
    tls: z
      .object({
        certificateFile: z.string(),
        keyFile: z.string(),
        caFile: z.string().optional(),
        mutual: z.boolean().default(false),
        verifyServers: z.boolean().optional(),
      })
      .optional(),
  })
  .refine((given) => given.transport !== "tls" || given.tls !== undefined, {
    path: ["tls"],
    message: "expected certificateFile and keyFile, because the transport is tls",
  })
  .refine((given) => !WILDCARDS.includes(given.address) || !isUnsaid(given.advertisedAddress), {
    path: ["advertisedAddress"],
    message: "expected what peers shall be told, because the address is a wildcard",
  });

/** The edge's environment; docs/architecture.md lists the variables. */
export const edgeSchema = z
  .object({
    TANDEM_NODE_ID: field.nodeId("edge"),
    TANDEM_LOG_LEVEL: field.logLevel(),
    TANDEM_HTTP: field.address(),
    TANDEM_POOL: z.string({ error: "expected the name of a pool" }).regex(/^[A-Za-z0-9._-]{1,64}$/, "expected a name"),
    TANDEM_LISTENERS: field.json(
      z
        .array(listener)
        .min(1, "expected at least one listener")
        .refine((given) => new Set(given.map(({ name }) => name)).size === given.length, "expected different names"),
    ),
    TANDEM_ADMIN: field.address(),
    TANDEM_SECRET: z.string({ error: "expected the secret shared with the workers" }),
    /** Longest a drain waits for requests and transactions under way, milliseconds. */
    TANDEM_DRAIN_MS: field.integer(0, 24 * 3_600_000).default(60_000),
  })
  .transform((given) => ({
    nodeId: given.TANDEM_NODE_ID,
    logLevel: given.TANDEM_LOG_LEVEL,
    http: given.TANDEM_HTTP,
    pool: given.TANDEM_POOL,
    listeners: given.TANDEM_LISTENERS,
    admin: given.TANDEM_ADMIN,
    secret: given.TANDEM_SECRET,
    drainMs: given.TANDEM_DRAIN_MS,
  }));

/** One edge's configuration. */
export type EdgeConfig = z.output<typeof edgeSchema>;

/** One listener as configured. */
export type ConfiguredListener = EdgeConfig["listeners"][number];

/** Reads the environment; ends the process with one sentence per problem when it is wrong. */
export function readConfig(environment: Environment): EdgeConfig {
  return configurationOrExit(edgeSchema, environment);
}

function isUnsaid(address: string | undefined): boolean {
  return address === undefined || address === "" || WILDCARDS.includes(address);
}
