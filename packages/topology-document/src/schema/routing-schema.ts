import { z } from "zod";
import { count, name } from "./fields.ts";
import { numberRule } from "./trunk-schema.ts";
import { wording } from "./wording.ts";

const pattern = z.string().min(1).max(256);
/** One dial plan as written. */
export const dialPlan = z.strictObject({
  name,
  externalAccessPrefix: z
    .string()
    .regex(/^[0-9*#]{0,4}$/, wording("is no access prefix", "use up to four of 0-9, * and #"))
    .default("")
    .describe("digits dialled for an outside line"),
  rules: z.array(numberRule).default([]).describe("first match wins"),
});

/** One route as written. */
export const route = z
  .strictObject({
    name,
    match: pattern.describe("pattern of the normalised called number"),
    except: z.array(pattern).default([]).describe("patterns of numbers it is not for"),
    priority: count(0, 1_000_000).default(100).describe("lower is tried first; equals in the order written"),
    usages: z.array(name).min(1, wording("names no usage", "name one that a trunk has, else nobody can use the route")),
    trunks: z.array(name).min(1, wording("names no trunk", "name at least one")),
    strategy: z
      .enum(["priority", "weight", "least-loaded", "hash"])
      .default("priority")
      .describe("order of the trunks"),
    suppressCallerId: z.boolean().default(false).describe("hide the caller's number"),
    alternateCallerId: z
      .string()
      .regex(/^\+?[0-9]{1,32}$/, wording("is no number", "use digits with an optional leading +"))
      .optional()
      .describe("shown instead of a suppressed caller's number"),
  })
  .refine((written) => written.alternateCallerId === undefined || written.suppressCallerId, {
    path: ["alternateCallerId"],
    error: wording("has no effect while suppressCallerId is false", "set suppressCallerId: true or remove it"),
  });
