import { configurationOrExit, field, parseSocketAddress, type Environment } from "@tandem/runtime";
import { z } from "zod";

const address = z.union([z.ipv4(), z.ipv6()], { error: "expected an IP address of this host" });
const port = z.number().int().min(1, "expected a port").max(65_535, "expected a port");

const ports = z
  .string({ error: "expected a comma list of ports" })
  .transform((text) => text.split(",").map(Number))
  .pipe(z.array(port));

const numbers = z
  .string({ error: "expected a comma list of numbers to call" })
  .transform((text) => text.split(",").map((each) => each.trim()))
  .pipe(z.array(z.string().regex(/^\+?[0-9*#]{1,32}$/, "expected digits")));

/** What a peer that answers needs to know. */
export const answerSchema = z
  .object({
    TANDEM_LOG_LEVEL: field.logLevel(),
    TANDEM_PEER_ADDRESS: address,
    TANDEM_PEER_PORTS: ports,
  })
  .transform((given) => ({
    logLevel: given.TANDEM_LOG_LEVEL,
    address: given.TANDEM_PEER_ADDRESS,
    ports: given.TANDEM_PEER_PORTS,
  }));

/** What a peer that calls needs to know. */
export const callSchema = z
  .object({
    TANDEM_PEER_ADDRESS: address,
    TANDEM_PEER_PORT: field.integer(1, 65_535).default(5_090),
    /** The pool's listener. */
    TANDEM_PEER_TARGET: z
      .string({ error: "expected host:port of a listener" })
      .refine((text) => parseSocketAddress(text) !== undefined, "expected host:port of a listener"),
    TANDEM_PEER_TRANSPORT: z.enum(["udp", "tcp"], { error: "expected udp or tcp" }).default("udp"),
    TANDEM_PEER_CALLER: z.string().default("2125550100"),
    TANDEM_PEER_CALLS: numbers,
    /** Longest a call is tried again while the cluster is not ready for it. */
    TANDEM_PEER_PATIENCE_MS: field.integer(0, 600_000).default(30_000),
  })
  .transform((given) => ({
    address: given.TANDEM_PEER_ADDRESS,
    port: given.TANDEM_PEER_PORT,
    target: given.TANDEM_PEER_TARGET,
    transport: given.TANDEM_PEER_TRANSPORT,
    caller: given.TANDEM_PEER_CALLER,
    numbers: given.TANDEM_PEER_CALLS,
    patienceMs: given.TANDEM_PEER_PATIENCE_MS,
  }));

export type AnswerConfig = z.output<typeof answerSchema>;
export type CallConfig = z.output<typeof callSchema>;

/** Reads the environment; ends the process with one sentence per problem when it is wrong. */
export function readAnswerConfig(environment: Environment): AnswerConfig {
  return configurationOrExit(answerSchema, environment);
}

/** As {@link readAnswerConfig}. */
export function readCallConfig(environment: Environment): CallConfig {
  return configurationOrExit(callSchema, environment);
}
