import { hostname } from "node:os";
import { keepMember, type Member } from "@tandem/call-control";
import type { ControlApiConfig } from "./config.ts";
import type { ControlServices } from "./services.ts";

/** Keeps this process on the membership list until `stop`, which takes it off. */
export function startMembership(
  { membership, clock }: ControlServices,
  { nodeId }: ControlApiConfig,
  facts: Readonly<Record<string, string>>,
): { stop(): Promise<void> } {
  const startedMs = clock.now();
  const about = { id: nodeId, role: "control-api", pool: null, pid: process.pid, host: hostname() } as const;
  const member = (): Member => ({ ...about, startedMs, draining: false, facts });
  return keepMember({ membership, clock, member });
}
