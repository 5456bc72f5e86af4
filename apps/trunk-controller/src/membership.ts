import { hostname } from "node:os";
import type { Member } from "@tandem/call-control";

/** What this controller tells of itself on the membership list. */
export function controllerMember(facts: {
  readonly nodeId: string;
  readonly startedMs: number;
  /** Address of the probe server. */
  readonly http: string;
  readonly leader: boolean;
}): Member {
  const { nodeId, startedMs, http, leader } = facts;
  return {
    id: nodeId,
    role: "controller",
    pool: null,
    pid: process.pid,
    host: hostname(),
    startedMs,
    draining: false,
    facts: { http, leader: leader ? 1 : 0 },
  };
}
