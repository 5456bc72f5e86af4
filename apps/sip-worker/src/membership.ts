import { hostname } from "node:os";
import type { CallEngine, Clock, Member, Membership } from "@tandem/call-control";

export interface MemberParts {
  readonly membership: Membership;
  readonly engine: CallEngine;
  readonly clock: Clock;
  readonly nodeId: string;
  readonly pool: string;
  /** Address of the probe server. */
  readonly http: string;
  readonly edgesConnected: () => number;
  /** An operator's wish; the engine is told already. */
  readonly onDrainWish: (draining: boolean) => void;
}

const ANNOUNCE_MS = 2_000;
const TTL_MS = 7_000;

/** Keeps this worker on the membership list, with facts for people, and obeys drain requests. Ends with `stop`, which takes it off the list. */
export function startMembership(parts: MemberParts): { stop(): Promise<void> } {
  const { membership, engine, clock, nodeId, pool } = parts;
  const startedMs = clock.now();
  let stopped = false;
  let wished = false;
  let cancel = (): void => undefined;
  const tell = async (): Promise<void> => {
    const [, wish] = await Promise.all([
      membership.announce(memberOf(parts, startedMs), TTL_MS),
      membership.drainRequested({ id: nodeId, pool }),
    ]);
    if (stopped) return;
    if (wish.ok && wish.value !== wished) {
      wished = wish.value;
      engine.setDraining(wished);
      parts.onDrainWish(wished);
    }
    cancel = clock.after(ANNOUNCE_MS, () => void tell());
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

function memberOf({ engine, nodeId, pool, http, edgesConnected }: MemberParts, startedMs: number): Member {
  const facts = engine.facts();
  return {
    id: nodeId,
    role: "worker",
    pool,
    pid: process.pid,
    host: hostname(),
    startedMs,
    draining: facts.draining,
    facts: {
      http,
      edges: edgesConnected(),
      topologyVersion: facts.topologyVersion,
      activeSetups: facts.setups,
      callsInHand: facts.active,
    },
  };
}
