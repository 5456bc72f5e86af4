import { hostname } from "node:os";
import type { ControlApiConfig } from "./config.ts";
import type { ControlServices } from "./services.ts";

/** How long an entry outlives the last sign of life, and how often a sign is given, milliseconds. */
const entryLifeMs = 15_000;
const signMs = 5_000;

/** Keeps this process in the membership list until the returned function is called. A failed sign is made up for by the next one. */
export function announceMember(
  { membership, clock }: ControlServices,
  config: ControlApiConfig,
  facts: Readonly<Record<string, string>>,
): () => Promise<void> {
  const startedMs = clock.now();
  const announce = (): void => {
    void membership.announce(
      {
        id: config.nodeId,
        role: "control-api",
        pool: null,
        pid: process.pid,
        host: hostname(),
        startedMs,
        draining: false,
        facts,
      },
      entryLifeMs,
    );
  };
  announce();
  const signs = setInterval(announce, signMs);
  return async () => {
    clearInterval(signs);
    await membership.withdraw(config.nodeId);
  };
}
