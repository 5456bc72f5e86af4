import { hostname } from "node:os";
import { z } from "zod";
import { parseSocketAddress, type SocketAddress } from "./address.ts";
import { EXIT } from "./exit-codes.ts";
import { LOG_LEVELS } from "./logger.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A configuration, or one sentence per problem, each naming the variable. Nothing is adjusted silently. */
export type Configuration<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads the variables the schema names; an empty variable counts as absent. Values never appear in problems (they may be secrets). */
export function parseConfiguration<Schema extends z.ZodType>(
  schema: Schema,
  environment: Environment,
): Configuration<z.output<Schema>> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== "" && value !== undefined),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, problems: parsed.error.issues.map((issue) => describeIssue(issue, given)) };
}

/** As {@link parseConfiguration}; on problems prints them to standard error and ends the process with the configuration exit code. */
export function configurationOrExit<Schema extends z.ZodType>(
  schema: Schema,
  environment: Environment,
): z.output<Schema> {
  const configuration = parseConfiguration(schema, environment);
  if (configuration.ok) return configuration.value;
  for (const problem of configuration.problems) process.stderr.write(`${problem}\n`);
  return process.exit(EXIT.configuration);
}

function describeIssue(issue: z.core.$ZodIssue, given: Environment): string {
  const [variable, ...inside] = issue.path.map(String);
  if (variable === undefined) return `${issue.message}.`;
  if (given[variable] === undefined) return `${variable} is not set; ${sentenceTail(issue)}.`;
  const where = inside.length === 0 ? "" : ` at ${inside.join(".")}`;
  return `${variable} is wrong${where}: ${sentenceTail(issue)}.`;
}

function sentenceTail(issue: z.core.$ZodIssue): string {
  return issue.message
    .replace(/^Invalid input: /, "")
    .replace(/, received undefined$/, "")
    .replace(/\.$/, "");
}

/** Schema fields shared by the processes. */
export const field = {
  /** `host:port`, port 0 = any. */
  address(): z.ZodType<SocketAddress, string> {
    return z.string({ error: "expected address:port" }).transform((text, context) => {
      const address = parseSocketAddress(text);
      if (address !== undefined) return address;
      context.addIssue({ code: "custom", message: "expected address:port, for example 127.0.0.1:8080" });
      return z.NEVER;
    });
  },
  /** JSON text holding what `inner` describes. */
  json<Inner extends z.ZodType>(inner: Inner) {
    return z
      .string({ error: "expected JSON" })
      .transform((text, context): unknown => {
        try {
          return JSON.parse(text);
        } catch {
          context.addIssue({ code: "custom", message: "expected JSON" });
          return z.NEVER;
        }
      })
      .pipe(inner);
  },
  /** A whole number written in decimal, within the range. */
  integer(min: number, max: number) {
    return z
      .string()
      .regex(/^-?\d+$/, "expected a whole number")
      .transform(Number)
      .pipe(z.number().min(min, `expected at least ${min}`).max(max, `expected at most ${max}`));
  },
  logLevel() {
    return z.enum(LOG_LEVELS, { error: `expected one of ${LOG_LEVELS.join(", ")}` }).default("info");
  },
  /** `TANDEM_NODE_ID`: letters, digits, dot, hyphen and underscore; default made from host and process id. */
  nodeId(role: string) {
    return z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, "expected 1 to 64 letters, digits, dots, hyphens or underscores")
      .default(() => `${role}-${hostname().replaceAll(/[^A-Za-z0-9.-]/g, "-")}-${process.pid}`.slice(-64));
  },
} as const;
