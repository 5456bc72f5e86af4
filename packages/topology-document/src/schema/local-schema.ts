import { z } from "zod";
import { duration, host } from "./fields.ts";
import { wording } from "./wording.ts";

const anyPort = z.number().int().min(0).max(65_535);
const address = host.default("127.0.0.1");
const redisUrl = /^(?:rediss?|sentinel|cluster):\/\/\S+$/;

/** Where `npm start` and the processes it starts find and offer things. None of it is published to the cluster. */
export const localSections = {
  redis: z
    .strictObject({
      url: z
        .string()
        .regex(
          redisUrl,
          wording(
            "is no Redis address",
            "write redis://host:port/db, sentinel://host:port,…/name or cluster://host:port,…",
          ),
        )
        .describe("redis://, rediss://, sentinel:// or cluster:// address"),
    })
    .optional()
    .describe("The Redis to use. Without it, npm start starts one of its own."),
  api: z
    .strictObject({ address, port: anyPort.describe("0: any free port") })
    .optional()
    .describe("Where the control API listens."),
  http: z
    .strictObject({ address, port: anyPort.describe("first port; every process takes the next one. 0: any free port") })
    .optional()
    .describe("Where the processes offer /livez, /readyz and /metrics."),
  admin: z
    .strictObject({ address, port: anyPort.describe("first port; every edge takes the next one. 0: any free port") })
    .optional()
    .describe("Where edges accept workers."),
  cdr: z
    .strictObject({
      file: z.string().min(1).optional().describe("JSON lines file that call detail records are appended to"),
      webhook: z
        .strictObject({
          url: z.url({
            protocol: /^https?$/,
            error: wording("is no web address", "write it as https://billing.example.net/cdr"),
          }),
          secretEnv: z.string().min(1).optional().describe("environment variable that holds the bearer token"),
          timeout: duration(100, 60_000).default(5_000),
        })
        .optional()
        .describe("HTTP endpoint that gets each record as a POST, retried until it answers 2xx"),
    })
    .optional()
    .describe("Where call detail records go."),
} as const;
