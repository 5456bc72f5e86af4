import { z } from "zod";
import { withUrlCredentials } from "./url-credentials.ts";

/** Variables that say where Redis is. Secrets may stand in the URL or apart from it; those apart win. */
export const redisVariables = {
  TANDEM_REDIS: z.string({ error: "expected a redis, rediss, sentinel or cluster URL" }),
  TANDEM_REDIS_USERNAME: z.string().optional(),
  TANDEM_REDIS_PASSWORD: z.string().optional(),
  TANDEM_REDIS_SENTINEL_PASSWORD: z.string().optional(),
} as const;

/** The one URL that an adapter takes. */
export function redisUrlOf(given: z.output<z.ZodObject<typeof redisVariables>>): string {
  return withUrlCredentials(given.TANDEM_REDIS, {
    username: given.TANDEM_REDIS_USERNAME,
    password: given.TANDEM_REDIS_PASSWORD,
    query: { "sentinel-password": given.TANDEM_REDIS_SENTINEL_PASSWORD },
  });
}
