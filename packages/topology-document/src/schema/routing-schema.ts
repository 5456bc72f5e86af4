import { z } from "zod";
import { count, name } from "./fields.ts";
import { numberRule } from "./trunk-schema.ts";
import { wording } from "./wording.ts";

const pattern = z.string().min(1).max(256);
const dialString = z
  .string()
  .regex(/^[0-9*#]{2,10}$/, wording("is no dial string", "use 2 to 10 of 0-9, * and #, without +"));
const service = z
  .string()
  .regex(
    /^urn:service:(?:test\.)?sos(?:\.[a-z0-9-]+)*$/,
    wording("is no emergency service", "write it as urn:service:sos.fire (RFC 5031), in lower case"),
  );

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

const emergencyNumber = z.strictObject({
  dial: dialString.describe("what goes to the E9-1-1 trunk"),
  masks: z.array(dialString).default([]).describe("other numbers that mean the same"),
  test: z.boolean().default(false).describe("a test number such as 933"),
  service: service.optional().describe("the service it stands for; default urn:service:sos"),
});

const usualNumbers = [
  { dial: "911", masks: [], test: false },
  { dial: "933", masks: [], test: true },
];

/** The emergency section as written. */
export const emergency = z.strictObject({
  trunks: z.array(name).default([]).describe("E9-1-1 trunks in order of preference"),
  preferOwnPool: z.boolean().default(true).describe("those of the pool the call arrived at come first"),
  fallbackTrunks: z.array(name).default([]).describe("last resort, in order"),
  numbers: z
    .array(emergencyNumber)
    .min(1, wording("lists no number", "leave it out for 911 and 933, or list yours"))
    .max(100)
    .default(usualNumbers)
    .describe("numbers that are emergency calls; default 911 and the test number 933"),
});
