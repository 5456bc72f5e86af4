import { holdVariables, hostVariables, listenersHere, listenersSchema } from "@tandem/adapter-drachtio/edge";
import { captureSettings, captureVariables } from "@tandem/adapter-hep";
import { configurationOrExit, field, type Environment } from "@tandem/runtime";
import { z } from "zod";

/** The edge's environment; docs/architecture.md lists the variables. */
export const edgeSchema = z
  .object({
    TANDEM_NODE_ID: field.nodeId("edge"),
    TANDEM_LOG_LEVEL: field.logLevel(),
    TANDEM_HTTP: field.address(),
    TANDEM_POOL: z.string({ error: "expected the name of a pool" }).regex(/^[A-Za-z0-9._-]{1,64}$/, "expected a name"),
    TANDEM_LISTENERS: field.json(listenersSchema),
    ...hostVariables,
    TANDEM_ADMIN: field.address(),
    TANDEM_SECRET: z.string({ error: "expected the secret shared with the workers" }),
    /** Longest a drain waits for requests and transactions under way, milliseconds. */
    TANDEM_DRAIN_MS: field.integer(0, 24 * 3_600_000).default(60_000),
    /** Shortest time it goes on serving when it is told to end, before that bound begins: balancers need it to notice, milliseconds. */
    TANDEM_LINGER_MS: field.integer(0, 600_000).default(0),
    ...holdVariables,
    ...captureVariables,
  })
  .transform((given) => ({
    hep: captureSettings(given),
    nodeId: given.TANDEM_NODE_ID,
    logLevel: given.TANDEM_LOG_LEVEL,
    http: given.TANDEM_HTTP,
    pool: given.TANDEM_POOL,
    listeners: listenersHere(given.TANDEM_LISTENERS, given),
    admin: given.TANDEM_ADMIN,
    secret: given.TANDEM_SECRET,
    drainMs: given.TANDEM_DRAIN_MS,
    lingerMs: given.TANDEM_LINGER_MS,
    emergencyHoldMs: given.TANDEM_EMERGENCY_HOLD_MS,
  }));

/** One edge's configuration. */
export type EdgeConfig = z.output<typeof edgeSchema>;

/** Reads the environment; ends the process with one sentence per problem when it is wrong. */
export function readConfig(environment: Environment): EdgeConfig {
  return configurationOrExit(edgeSchema, environment);
}
