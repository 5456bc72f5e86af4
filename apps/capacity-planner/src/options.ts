import { parseArgs } from "node:util";
import type { Demand, Share } from "@tandem/capacity";
import { z } from "zod";

/** The text of `--help`. */
export const USAGE = `What a busy hour takes: workers, edges, Redis, channels. docs/capacity.md explains every line of the answer.

  npm run plan -- --bhca CALLS --hold SECONDS --pools LIST --gateways LIST [OPTIONS]
  npm run plan -- --sizes LIST --hold SECONDS --pools LIST --gateways LIST [OPTIONS]

  --bhca CALLS         call attempts in the busy hour
  --sizes LIST         instead: a table for so many calls per second in the busiest minute each, such as 10,100,1000
  --hold SECONDS       mean length of an answered call
  --pools LIST         pools with their shares: east=60,west=40 (without numbers: equal)
  --gateways LIST      gateways with their shares: carrier-a=2,carrier-b=1
  --ring SECONDS       mean time from INVITE to answer or refusal (default 12)
  --answered SHARE     share of calls that are answered (default 0.7)
  --attempts NUMBER    mean ways out tried per call (default 1.1)
  --peak FACTOR        busiest minute against the hour's mean (default 1.5)
  --blocking SHARE     calls that may find every channel busy (default 0.01)
  --record-hours N     how long detail records wait for a receiver that is away (default 4)
  --constants FILE     measured constants (default apps/capacity-planner/constants.json)
  --from-bench FILE    take what npm run bench -- --json FILE measured; with --write keep it in the constants' file
  --json               the plan as JSON
`;

/** What the command line asks for. */
export type Command =
  | {
      readonly kind: "plan";
      readonly demand: Demand;
      readonly constantsFile: string | null;
      readonly json: boolean;
    }
  | {
      readonly kind: "sizes";
      /** One per line of the table. */
      readonly demands: readonly Demand[];
      readonly constantsFile: string | null;
    }
  | { readonly kind: "help" }
  | { readonly kind: "constants"; readonly benchFile: string; readonly constantsFile: string | null };

const number = (least: number, name: string) =>
  z.coerce.number({ error: `expected a number for --${name}` }).min(least, `--${name} is at least ${least}`);

const demandSchema = z.object({
  hold: number(0, "hold"),
  ring: number(0, "ring").default(12),
  answered: number(0, "answered").max(1, "--answered is at most 1").default(0.7),
  attempts: number(1, "attempts").default(1.1),
  peak: number(1, "peak").default(1.5),
  blocking: number(0.000001, "blocking").max(0.5, "--blocking is at most 0.5").default(0.01),
  "record-hours": number(0, "record-hours").default(4),
  pools: z.string({ error: "expected --pools" }).transform(shares),
  gateways: z.string({ error: "expected --gateways" }).transform(shares),
});
const planSchema = demandSchema.extend({ bhca: number(1, "bhca") });
const NO_RATE = "expected calls per second above 0 for --sizes, such as 10,100,1000";
const sizesSchema = demandSchema.extend({
  sizes: z
    .string()
    .transform((list) => list.split(","))
    .pipe(z.array(z.coerce.number<string>({ error: NO_RATE }).positive(NO_RATE))),
});

/** Reads the command line; a string is what is wrong with it. */
export function readCommand(args: readonly string[]): Command | string {
  try {
    const { values } = parseArgs({ args: [...args], options: FLAGS, strict: true });
    if (values.help === true) return { kind: "help" };
    const constantsFile = values.constants ?? null;
    const benchFile = values["from-bench"];
    if (benchFile !== undefined && values.write === true) return { kind: "constants", benchFile, constantsFile };
    if (benchFile !== undefined || values.write === true) return "--from-bench and --write go together";
    if (values.sizes !== undefined) return readSizes(values, constantsFile);
    const read = planSchema.safeParse(values);
    if (!read.success) return sentence(read.error);
    return { kind: "plan", demand: demandOf(read.data, read.data.bhca), constantsFile, json: values.json === true };
  } catch (error) {
    // Node's message names the option in its first sentence; the others are hints.
    const text = error instanceof Error ? error.message : String(error);
    return text.split(/\. |\n/, 1)[0]?.replace(/\.$/, "") ?? text;
  }
}

function readSizes(values: object, constantsFile: string | null): Command | string {
  if ("bhca" in values || "json" in values) return "--sizes takes the place of --bhca, and makes no JSON";
  const read = sizesSchema.safeParse(values);
  if (!read.success) return sentence(read.error);
  const { sizes, peak } = read.data;
  const demands = sizes.map((callsPerSecond) => demandOf(read.data, (callsPerSecond * 3_600) / peak));
  return { kind: "sizes", demands, constantsFile };
}

function sentence(error: z.ZodError): string {
  return error.issues.map(({ message }) => message).join("; ");
}

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const FLAGS = {
  bhca: text,
  sizes: text,
  hold: text,
  ring: text,
  answered: text,
  attempts: text,
  peak: text,
  blocking: text,
  "record-hours": text,
  pools: text,
  gateways: text,
  constants: text,
  "from-bench": text,
  write: flag,
  json: flag,
  help: flag,
};

function demandOf(given: z.output<typeof demandSchema>, busyHourCalls: number): Demand {
  return {
    busyHourCalls,
    holdS: given.hold,
    ringS: given.ring,
    answered: given.answered,
    attemptsPerCall: given.attempts,
    peak: given.peak,
    pools: given.pools,
    gateways: given.gateways,
    blocking: given.blocking,
    recordHours: given["record-hours"],
  };
}

function shares(list: string, context: z.RefinementCtx): readonly Share[] {
  const read = list.split(",").map((part) => {
    const [name = "", share = "1"] = part.trim().split("=");
    return { name, share: Number(share) };
  });
  if (read.every(({ name, share }) => name !== "" && share > 0)) return read;
  context.addIssue({
    code: "custom",
    message: `expected names with shares above 0, such as east=60,west=40, not "${list}"`,
  });
  return z.NEVER;
}
