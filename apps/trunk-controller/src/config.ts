import { configurationOrExit, field, redisUrlOf, redisVariables, type Environment } from "@tandem/runtime";
import { z } from "zod";

const MEGABYTE = 1_048_576;
const DAY_MS = 86_400_000;

/** Variables that mean nothing without another one. */
const NEEDED_BESIDE = [
  ["TANDEM_CDR_WEBHOOK_SECRET", "TANDEM_CDR_WEBHOOK"],
  ["TANDEM_CDR_WEBHOOK_TOKEN", "TANDEM_CDR_WEBHOOK"],
  ["TANDEM_EMERGENCY_WEBHOOK_SECRET", "TANDEM_EMERGENCY_WEBHOOK"],
  ["TANDEM_EMERGENCY_WEBHOOK_TOKEN", "TANDEM_EMERGENCY_WEBHOOK"],
  ["TANDEM_SMTP_URL", "TANDEM_SMTP_FROM"],
  ["TANDEM_SMTP_FROM", "TANDEM_SMTP_URL"],
  ["TANDEM_SMTP_USER", "TANDEM_SMTP_PASSWORD"],
  ["TANDEM_SMTP_PASSWORD", "TANDEM_SMTP_USER"],
] as const;

/** True as well for what is no URL: that is refused for itself. */
function hasNoCredentials(text: string): boolean {
  const url = URL.parse(text);
  return url === null || (url.username === "" && url.password === "");
}

/** The controller's environment; docs/architecture.md lists the variables. */
export const controllerSchema = z
  .object({
    TANDEM_NODE_ID: field.nodeId("controller"),
    TANDEM_LOG_LEVEL: field.logLevel(),
    TANDEM_HTTP: field.address(),
    ...redisVariables,
    /** Files that are the topology document when read one after the other; published whenever they change. */
    TANDEM_TOPOLOGY_FILES: z
      .string()
      .optional()
      .transform((text) => text?.split(",") ?? []),
    /** Detail records as JSON lines. */
    TANDEM_CDR_FILE: z.string().optional(),
    /** The file is put aside when it is this large; 0: never. */
    TANDEM_CDR_FILE_MAX_MB: field.integer(0, 1_000_000).default(100),
    /** `on`: a record counts as written when the disk has it; `off`: when the system has it. */
    TANDEM_CDR_FSYNC: z.enum(["on", "off"], { error: "expected on or off" }).default("on"),
    /** Detail records by HTTP POST. */
    TANDEM_CDR_WEBHOOK: z.url({ protocol: /^https?$/, error: "expected an http or https URL" }).optional(),
    TANDEM_CDR_WEBHOOK_SECRET: z.string().optional(),
    TANDEM_CDR_WEBHOOK_TOKEN: z.string().optional(),
    TANDEM_CDR_WEBHOOK_TIMEOUT_MS: field.integer(100, 120_000).default(10_000),
    /** Emergency records as JSON lines, apart from the others. */
    TANDEM_EMERGENCY_FILE: z.string().optional(),
    /** Emergency records by HTTP POST. */
    TANDEM_EMERGENCY_WEBHOOK: z.url({ protocol: /^https?$/, error: "expected an http or https URL" }).optional(),
    TANDEM_EMERGENCY_WEBHOOK_SECRET: z.string().optional(),
    TANDEM_EMERGENCY_WEBHOOK_TOKEN: z.string().optional(),
    TANDEM_EMERGENCY_WEBHOOK_TIMEOUT_MS: field.integer(100, 120_000).default(10_000),
    /** How long emergency records and notifications stay for the control API (days). */
    TANDEM_EMERGENCY_KEEP_DAYS: field.integer(1, 3_650).default(90),
    /** Mail server of notifications. */
    TANDEM_SMTP_URL: z
      .url({ protocol: /^smtps?$/, error: "expected an smtp or smtps URL" })
      .refine(
        hasNoCredentials,
        "expected no user and password in it: TANDEM_SMTP_USER and TANDEM_SMTP_PASSWORD say them",
      )
      .optional(),
    TANDEM_SMTP_USER: z.string().optional(),
    TANDEM_SMTP_PASSWORD: z.string().optional(),
    TANDEM_SMTP_FROM: z.email({ error: "expected the address notifications come from" }).optional(),
    /** Longest a notification's receiver is waited for. */
    TANDEM_NOTIFY_TIMEOUT_MS: field.integer(100, 60_000).default(8_000),
    /** Life of the leader lease: a dead leader is followed within this and a third. */
    TANDEM_LEASE_MS: field.integer(500, 60_000).default(3_000),
    /** How long past its deadline a call waits for a worker before the controller ends it. */
    TANDEM_SWEEP_GRACE_MS: field.integer(1_000, 24 * 3_600_000).default(120_000),
  })
  .superRefine((given, context) => {
    for (const [name, other] of NEEDED_BESIDE) {
      if (given[name] === undefined || given[other] !== undefined) continue;
      context.addIssue({ code: "custom", path: [name], message: `expected ${other} beside it` });
    }
  })
  .transform((given) => ({
    nodeId: given.TANDEM_NODE_ID,
    logLevel: given.TANDEM_LOG_LEVEL,
    http: given.TANDEM_HTTP,
    redisUrl: redisUrlOf(given),
    topologyFiles: given.TANDEM_TOPOLOGY_FILES,
    detailFile:
      given.TANDEM_CDR_FILE === undefined
        ? null
        : {
            path: given.TANDEM_CDR_FILE,
            maxBytes: given.TANDEM_CDR_FILE_MAX_MB * MEGABYTE,
            sync: given.TANDEM_CDR_FSYNC === "on",
          },
    webhook:
      given.TANDEM_CDR_WEBHOOK === undefined
        ? null
        : {
            url: given.TANDEM_CDR_WEBHOOK,
            secret: given.TANDEM_CDR_WEBHOOK_SECRET ?? null,
            token: given.TANDEM_CDR_WEBHOOK_TOKEN ?? null,
            timeoutMs: given.TANDEM_CDR_WEBHOOK_TIMEOUT_MS,
          },
    emergency: {
      file: given.TANDEM_EMERGENCY_FILE ?? null,
      webhook:
        given.TANDEM_EMERGENCY_WEBHOOK === undefined
          ? null
          : {
              url: given.TANDEM_EMERGENCY_WEBHOOK,
              secret: given.TANDEM_EMERGENCY_WEBHOOK_SECRET ?? null,
              token: given.TANDEM_EMERGENCY_WEBHOOK_TOKEN ?? null,
              timeoutMs: given.TANDEM_EMERGENCY_WEBHOOK_TIMEOUT_MS,
            },
      keepMs: given.TANDEM_EMERGENCY_KEEP_DAYS * DAY_MS,
    },
    mail:
      given.TANDEM_SMTP_URL === undefined || given.TANDEM_SMTP_FROM === undefined
        ? null
        : {
            url: given.TANDEM_SMTP_URL,
            user: given.TANDEM_SMTP_USER ?? null,
            password: given.TANDEM_SMTP_PASSWORD ?? null,
            from: given.TANDEM_SMTP_FROM,
            timeoutMs: given.TANDEM_NOTIFY_TIMEOUT_MS,
          },
    notifyTimeoutMs: given.TANDEM_NOTIFY_TIMEOUT_MS,
    leaseMs: given.TANDEM_LEASE_MS,
    sweepGraceMs: given.TANDEM_SWEEP_GRACE_MS,
  }));

/** One controller's configuration. */
export type ControllerConfig = z.output<typeof controllerSchema>;

/** Reads the environment; ends the process with one sentence per problem when it is wrong. */
export function readConfig(environment: Environment): ControllerConfig {
  return configurationOrExit(controllerSchema, environment);
}
