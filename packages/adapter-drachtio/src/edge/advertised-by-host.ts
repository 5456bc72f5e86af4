import { field } from "@tandem/runtime";
import { z } from "zod";
import type { ConfiguredListener } from "./listener-schema.ts";

/** Variables by which one environment serves several hosts, each behind an address translation of its own. */
export const hostVariables = {
  /** The host this process runs on. */
  TANDEM_HOST: z.string().optional(),
  /** JSON: host → the address peers reach it by. */
  TANDEM_ADVERTISED_BY_HOST: field.json(z.record(z.string(), z.string().min(1, "expected an address"))).optional(),
} as const;

/** The listeners as this host advertises them. A host that is not named advertises what the listeners say. */
export function listenersHere(
  listeners: readonly ConfiguredListener[],
  given: z.output<z.ZodObject<typeof hostVariables>>,
): readonly ConfiguredListener[] {
  const { TANDEM_HOST: host = "", TANDEM_ADVERTISED_BY_HOST: byHost = {} } = given;
  const advertisedAddress = Object.hasOwn(byHost, host) ? byHost[host] : undefined;
  return advertisedAddress === undefined ? listeners : listeners.map((each) => ({ ...each, advertisedAddress }));
}
