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
  /** Of these, those whose listeners are not the topology's. */
  readonly edgesOutdated: () => number;
  /** The way requests come in: paused, each edge offers new ones to other workers as long as it has any; a stock server must be told whether there are `others`. */
  readonly offers: { pause(others: boolean): void; resume(): void };
  /** An operator's wish, before the engine obeys it. */
  readonly onDrainWish: (draining: boolean) => void;
}

export interface WorkerMembership {
  /** Begins a drain for good: new calls go to other workers where there are any; what comes here a moment later is refused by the engine. */
  standAside(): Promise<void>;
  /** Takes the worker off the list. */
  stop(): Promise<void>;
}

/**
 * Keeps this worker on the membership list, with facts for people, and obeys drain requests. While it drains it stands aside for the other workers of the pool;
 * where there is none it keeps answering: 503 to ordinary calls, and emergency calls are served.
 */
export function startMembership(parts: MemberParts): WorkerMembership {
  const { membership, engine, clock, nodeId, pool, offers } = parts;
  const startedMs = clock.now();
  let wished = false;
  /** It stands aside, on an operator's wish or for good. */
  let aside = false;
  let leaving = false;
  const self = (): Member => ({ ...memberOf(parts, startedMs), draining: aside || engine.facts().draining });
  const giveWay = async (): Promise<void> => {
    const members = await membership.members();
    offers.pause(members.ok && members.value.some((member) => takesCalls(member, parts)));
  };
  /** What the edges sent before they knew is still served: nobody is refused while another worker would have taken the call. */
  const beginDrain = async (): Promise<void> => {
    aside = true;
    // Told before asked: of two that drain at the same time neither counts on the other.
    await membership.announce(self(), TTL_MS);
    await giveWay();
    await new Promise<void>((resolve) => void clock.after(ON_THE_WAY_MS, resolve));
    engine.setDraining(true);
  };
  const look = async (): Promise<void> => {
    const wish = await membership.drainRequested({ id: nodeId, pool });
    if (aside) await giveWay();
    if (!wish.ok || wish.value === wished) return;
    wished = wish.value;
    parts.onDrainWish(wished);
    if (wished) return beginDrain();
    if (leaving) return;
    aside = false;
    engine.setDraining(false);
    offers.resume();
  };
  const kept = keepMember({ membership, clock, member: self, beside: look });
  return {
    standAside: () => {
      leaving = true;
      return beginDrain();
    },
    stop: () => kept.stop(),
  };
}

/** Longest that a request is on its way from an edge which does not know yet that this worker stands aside, milliseconds. */
const ON_THE_WAY_MS = 250;

/** How long an announcement outside the regular ones holds, milliseconds. */
const TTL_MS = 7_000;

function takesCalls(member: Member, { nodeId, pool }: MemberParts): boolean {
  const { edges, topologyVersion } = member.facts;
  const able = member.role === "worker" && member.pool === pool && edges !== 0 && topologyVersion !== 0;
  return able && member.id !== nodeId && !member.draining;
}

function memberOf(
  { engine, nodeId, pool, http, edgesConnected, edgesOutdated }: MemberParts,
  startedMs: number,
): Member {
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
      edgesOutdated: edgesOutdated(),
      topologyVersion: facts.topologyVersion,
      activeSetups: facts.setups,
      callsInHand: facts.active,
    },
  };
}
