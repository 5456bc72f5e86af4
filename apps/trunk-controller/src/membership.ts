import { hostname } from "node:os";
import { keepMember, type Clock, type Member, type Membership } from "@tandem/call-control";

export interface MemberParts {
  readonly membership: Membership;
  readonly clock: Clock;
  readonly nodeId: string;
  /** Address of the probe server. */
  readonly http: string;
  readonly leader: () => boolean;
}

/** Keeps this controller on the membership list until `stop`, which takes it off. */
export function startMembership({ membership, clock, nodeId, http, leader }: MemberParts): { stop(): Promise<void> } {
  const startedMs = clock.now();
  const about = { id: nodeId, role: "controller", pool: null, pid: process.pid, host: hostname() } as const;
  const member = (): Member => ({ ...about, startedMs, draining: false, facts: { http, leader: leader() ? 1 : 0 } });
  return keepMember({ membership, clock, member });
}
