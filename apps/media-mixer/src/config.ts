import { isIP } from "node:net";
import { configurationOrExit, field, type Environment } from "@tandem/runtime";
import { z } from "zod";

const ipAddress = () => z.string().refine((text) => isIP(text) !== 0, "expected an IP address");

/** The mixer's environment; docs/architecture.md lists the variables. */
export const mixerSchema = z
  .object({
    TANDEM_NODE_ID: field.nodeId("media-mixer"),
    TANDEM_LOG_LEVEL: field.logLevel(),
    TANDEM_HTTP: field.address(),
    /** Where commands are taken, UDP. Whoever reaches it can put voices into calls: workers alone may. */
    TANDEM_MIXER_CONTROL: field.address(),
    /** Where audio comes and goes. */
    TANDEM_MIXER_ADDRESS: ipAddress(),
    /** What media relays are told instead, where they reach it by another address. */
    TANDEM_MIXER_ADVERTISED: ipAddress().optional(),
    TANDEM_MIXER_PORT_MIN: field.integer(1_024, 65_535).default(31_000),
    TANDEM_MIXER_PORT_MAX: field.integer(1_024, 65_535).default(31_999),
    TANDEM_MIXER_MAX_CALLS: field.integer(1, 1_000).default(100),
  })
  .refine((given) => given.TANDEM_MIXER_PORT_MIN <= given.TANDEM_MIXER_PORT_MAX, {
    path: ["TANDEM_MIXER_PORT_MAX"],
    error: "expected no less than TANDEM_MIXER_PORT_MIN",
  })
  .refine((given) => callsFor(given) >= given.TANDEM_MIXER_MAX_CALLS, {
    path: ["TANDEM_MIXER_MAX_CALLS"],
    error:
      "expected no more than TANDEM_MIXER_PORT_MIN to TANDEM_MIXER_PORT_MAX have ports for: three even ones a call",
    when: ({ issues }) => issues.length === 0,
  })
  .transform((given) => ({
    nodeId: given.TANDEM_NODE_ID,
    logLevel: given.TANDEM_LOG_LEVEL,
    http: given.TANDEM_HTTP,
    control: given.TANDEM_MIXER_CONTROL,
    mixer: {
      host: given.TANDEM_MIXER_ADDRESS,
      advertised: given.TANDEM_MIXER_ADVERTISED ?? given.TANDEM_MIXER_ADDRESS,
      portMin: given.TANDEM_MIXER_PORT_MIN,
      portMax: given.TANDEM_MIXER_PORT_MAX,
      maxConferences: given.TANDEM_MIXER_MAX_CALLS,
    },
  }));

interface Range {
  readonly TANDEM_MIXER_PORT_MIN: number;
  readonly TANDEM_MIXER_PORT_MAX: number;
}

/** Calls for which the even ports of the range are enough. */
function callsFor({ TANDEM_MIXER_PORT_MIN: first, TANDEM_MIXER_PORT_MAX: last }: Range): number {
  return Math.floor((Math.floor(last / 2) - Math.ceil(first / 2) + 1) / 3);
}

/** One mixer's configuration. */
export type MixerConfig = z.output<typeof mixerSchema>;

/** Reads the environment; ends the process with one sentence per problem when it is wrong. */
export function readConfig(environment: Environment): MixerConfig {
  return configurationOrExit(mixerSchema, environment);
}
