import { tmpdir } from "node:os";
import { join } from "node:path";
import { holdVariables, hostVariables, listenersHere, listenersSchema } from "@tandem/adapter-drachtio/edge";
import { captureSettings, captureVariables } from "@tandem/adapter-hep";
import {
  configurationOrExit,
  field,
  parseSocketAddress,
  redisUrlOf,
  redisVariables,
  type Environment,
} from "@tandem/runtime";
import { z } from "zod";

const edgeAddress = z.string().refine((text) => parseSocketAddress(text) !== undefined, "expected host:port");

/** Edges by pool, as `TANDEM_EDGES` and the file of `TANDEM_EDGES_FILE` write them. */
export const edgeTable = z.record(z.string(), z.array(edgeAddress).min(1, "expected at least one edge"));

/** Pools behind stock drachtio-servers, as `TANDEM_STOCK_POOLS` writes them. */
const stockPools = z.record(
  z.string(),
  z
    .array(z.object({ name: z.string(), transport: z.enum(["udp", "tcp", "tls"]) }))
    .min(1, "expected the pool's listeners")
    .refine(
      (given) => new Set(given.map(({ transport }) => transport)).size === given.length,
      "expected one listener for each transport at most: a stock drachtio-server does not tell them apart",
    ),
);

/** The worker's environment; docs/architecture.md lists the variables. */
export const workerSchema = z
  .object({
    TANDEM_NODE_ID: field.nodeId("worker"),
    TANDEM_LOG_LEVEL: field.logLevel(),
    TANDEM_HTTP: field.address(),
    ...redisVariables,
    TANDEM_POOL: z.string({ error: "expected the name of a pool" }),
    TANDEM_SECRET: z.string({ error: "expected the secret shared with the edges" }),
    /** Of a fused worker, whose pool needs no other edge, it may be absent. */
    TANDEM_EDGES: field.json(edgeTable).optional(),
    /** File with the same JSON, read anew every few seconds: where edges come and go and no name leads to all of them. */
    TANDEM_EDGES_FILE: z.string().optional(),
    /** Pools whose edges are stock drachtio-servers, with their listeners (JSON): less is promised there, docs/kubernetes.md. */
    TANDEM_STOCK_POOLS: field.json(stockPools).optional(),
    /** With it the worker is fused: it is an edge of its pool, too. */
    TANDEM_LISTENERS: field.json(listenersSchema).optional(),
    ...hostVariables,
    /** Where a fused worker accepts other workers. */
    TANDEM_ADMIN: field.address().optional(),
    /** Directory for detail records while Redis is away; survives the process. One directory may serve several workers. */
    TANDEM_SPOOL: z.string().default(() => join(tmpdir(), "tandem-spool")),
    /** Sent to the topology's secondary location source as a bearer token. */
    TANDEM_LIS_TOKEN: z.string().min(1).optional(),
    /** Calls set up at once before ordinary new ones are refused. */
    TANDEM_MAX_SETUPS: field.integer(1, 100_000).default(2_000),
    /** Event-loop delay (ms) from which ordinary new calls are refused. */
    TANDEM_MAX_LAG_MS: field.integer(10, 60_000).default(500),
    /** Wait of SIP messages (ms) before they are read, at which all ordinary new calls are refused, some from half of it on. */
    TANDEM_MAX_WAIT_MS: field.integer(10, 60_000).default(500),
    /** Longest that an emergency call's record is held until a replica of Redis has it, too (ms); 0: not at all. */
    TANDEM_REPLICA_WAIT_MS: field.integer(0, 250).default(50),
    /** Longest a drain waits for calls being set up (ms). */
    TANDEM_DRAIN_MS: field.integer(0, 24 * 3_600_000).default(200_000),
    /** Shortest time it goes on serving when it is told to end, before that bound begins (ms): for one that shares its pod with the sockets, or has them. */
    TANDEM_LINGER_MS: field.integer(0, 600_000).default(0),
    ...holdVariables,
    ...captureVariables,
    /** OTLP/HTTP address for traces of calls; absent: none are made. */
    TANDEM_OTLP: z.url({ protocol: /^https?$/, error: "expected an http or https URL" }).optional(),
    /** Calls of a hundred that are traced. */
    TANDEM_OTLP_PERCENT: field.integer(0, 100).default(100),
  })
  .superRefine((given, context) => {
    const isFused = given.TANDEM_LISTENERS !== undefined;
    if (isFused !== (given.TANDEM_ADMIN !== undefined)) {
      const message = "expected TANDEM_LISTENERS and TANDEM_ADMIN together: with both the worker is an edge, too";
      context.addIssue({ code: "custom", path: [isFused ? "TANDEM_ADMIN" : "TANDEM_LISTENERS"], message });
    }
    const { TANDEM_EDGES: table, TANDEM_EDGES_FILE: file, TANDEM_POOL: pool } = given;
    if (isFused && given.TANDEM_STOCK_POOLS?.[pool] !== undefined) {
      const message = "expected other pools only: a fused worker is an edge of its own pool itself";
      context.addIssue({ code: "custom", path: ["TANDEM_STOCK_POOLS"], message });
    }
    const fault = (message: string): void => context.addIssue({ code: "custom", path: ["TANDEM_EDGES"], message });
    if (table !== undefined && file !== undefined) fault("expected either it or TANDEM_EDGES_FILE");
    else if (isFused || file !== undefined) return;
    else if (table?.[pool] === undefined) fault("expected the edges of the own pool in it");
  })
  .transform((given) => ({
    hep: captureSettings(given),
    traces: given.TANDEM_OTLP === undefined ? null : { url: given.TANDEM_OTLP, share: given.TANDEM_OTLP_PERCENT / 100 },
    nodeId: given.TANDEM_NODE_ID,
    logLevel: given.TANDEM_LOG_LEVEL,
    http: given.TANDEM_HTTP,
    redisUrl: redisUrlOf(given),
    pool: given.TANDEM_POOL,
    secret: given.TANDEM_SECRET,
    edges: edgesOf(given.TANDEM_EDGES ?? {}, given.TANDEM_EDGES_FILE),
    /** Pools behind stock drachtio-servers. */
    stock: new Map(Object.entries(given.TANDEM_STOCK_POOLS ?? {}).map(([pool, listeners]) => [pool, { listeners }])),
    /** What makes the worker fused; null: it is a worker only. */
    edge:
      given.TANDEM_LISTENERS === undefined || given.TANDEM_ADMIN === undefined
        ? null
        : { listeners: listenersHere(given.TANDEM_LISTENERS, given), admin: given.TANDEM_ADMIN },
    spoolDirectory: given.TANDEM_SPOOL,
    locationToken: given.TANDEM_LIS_TOKEN,
    limits: {
      maxSetups: given.TANDEM_MAX_SETUPS,
      maxLagMs: given.TANDEM_MAX_LAG_MS,
      maxWaitMs: given.TANDEM_MAX_WAIT_MS,
    },
    replicaWaitMs: given.TANDEM_REPLICA_WAIT_MS,
    drainMs: given.TANDEM_DRAIN_MS,
    lingerMs: given.TANDEM_LINGER_MS,
    emergencyHoldMs: given.TANDEM_EMERGENCY_HOLD_MS,
  }));

type EdgeTable = z.output<typeof edgeTable>;

/** Where the edges are: told here, or in a file. */
type Edges = { readonly kind: "table"; readonly table: EdgeTable } | { readonly kind: "file"; readonly file: string };

function edgesOf(table: EdgeTable, file: string | undefined): Edges {
  return file === undefined ? { kind: "table", table } : { kind: "file", file };
}

/** One worker's configuration. */
export type WorkerConfig = z.output<typeof workerSchema>;

/** Reads the environment; ends the process with one sentence per problem when it is wrong. */
export function readConfig(environment: Environment): WorkerConfig {
  return configurationOrExit(workerSchema, environment);
}
