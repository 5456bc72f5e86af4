import { hostname } from "node:os";
import type { Clock, Membership } from "@tandem/call-control";

export interface MemberParts {
  readonly membership: Membership;
  readonly clock: Clock;
  readonly nodeId: string;
  /** Address of the probe server. */
  readonly http: string;
  readonly leader: () => boolean;
}

const ANNOUNCE_MS = 2_000;
const TTL_MS = 7_000;

/** Keeps this controller on the membership list until `stop`, which takes it off. */
export function startMembership(parts: MemberParts): { stop(): Promise<void> } {
  const { membership, clock, nodeId, http, leader } = parts;
  const startedMs = clock.now();
  let stopped = false;
  let cancel = (): void => undefined;
  const tell = async (): Promise<void> => {
    const facts = { http, leader: leader() ? 1 : 0 };
    const about = { id: nodeId, role: "controller", pool: null, pid: process.pid, host: hostname() } as const;
    await membership.announce({ ...about, startedMs, draining: false, facts }, TTL_MS);
    if (!stopped) cancel = clock.after(ANNOUNCE_MS, () => void tell());
  };
  void tell();
  return {
    async stop() {
      stopped = true;
      cancel();
      await membership.withdraw(nodeId);
    },
  };
}
