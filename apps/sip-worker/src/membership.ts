import { hostname } from "node:os";
import { keepMember, type CallEngine, type Clock, type Member, type Membership } from "@tandem/call-control";

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

/** Keeps this worker on the membership list, with facts for people, and obeys drain requests. Ends with `stop`, which takes it off the list. */
export function startMembership(parts: MemberParts): { stop(): Promise<void> } {
  const { membership, engine, clock, nodeId, pool } = parts;
  const startedMs = clock.now();
  let wished = false;
  const obey = async (): Promise<void> => {
    const wish = await membership.drainRequested({ id: nodeId, pool });
    if (!wish.ok || wish.value === wished) return;
    wished = wish.value;
    engine.setDraining(wished);
    parts.onDrainWish(wished);
  };
  return keepMember({ membership, clock, member: () => memberOf(parts, startedMs), beside: obey });
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
