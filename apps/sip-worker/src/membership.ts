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
  /** The way requests come in: paused, the edges offer new ones to other workers. */
  readonly offers: { pause(): void; resume(): void };
  /** An operator's wish; the engine is told already. */
  readonly onDrainWish: (draining: boolean) => void;
}

export interface WorkerMembership {
  /** Looks at once who else can take new calls; for the beginning of a drain. */
  standAside(): Promise<void>;
  /** Takes the worker off the list. */
  stop(): Promise<void>;
}

/**
 * Keeps this worker on the membership list, with facts for people, and obeys drain requests. While it drains it stands aside for the other workers of the pool;
 * as long as there is none it keeps answering: 503 to ordinary calls, and emergency calls are served.
 */
export function startMembership(parts: MemberParts): WorkerMembership {
  const { membership, engine, clock, nodeId, pool, offers } = parts;
  const startedMs = clock.now();
  let wished = false;
  const standAside = async (): Promise<void> => {
    if (!engine.facts().draining) return offers.resume();
    // Told before asked: of two that drain at the same time neither counts on the other.
    await membership.announce(memberOf(parts, startedMs), TTL_MS);
    const members = await membership.members();
    if (members.ok && members.value.some((member) => takesCalls(member, parts))) offers.pause();
    else offers.resume();
  };
  const look = async (): Promise<void> => {
    const wish = await membership.drainRequested({ id: nodeId, pool });
    if (wish.ok && wish.value !== wished) {
      wished = wish.value;
      engine.setDraining(wished);
      parts.onDrainWish(wished);
    }
    await standAside();
  };
  const kept = keepMember({ membership, clock, member: () => memberOf(parts, startedMs), beside: look });
  return { standAside, stop: () => kept.stop() };
}

/** How long an announcement outside the regular ones holds, milliseconds. */
const TTL_MS = 7_000;

function takesCalls(member: Member, { nodeId, pool }: MemberParts): boolean {
  const { edges, topologyVersion } = member.facts;
  const able = member.role === "worker" && member.pool === pool && edges !== 0 && topologyVersion !== 0;
  return able && member.id !== nodeId && !member.draining;
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
