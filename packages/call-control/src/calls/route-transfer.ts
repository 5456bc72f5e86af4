import {
  attemptPlans,
  decide,
  parseCall,
  replacementPlan,
  tagOf,
  type Call,
  type Effect,
  type LiveView,
  type Party,
  type RequestFacts,
} from "@tandem/domain";
import { replacedCall } from "../ingress/replaced-call.ts";
import { uriFacts } from "../ingress/request-facts.ts";
import type { InForce } from "../live/topology-in-force.ts";
import type { CallStore } from "../ports/index.ts";
import type { TransferRoute } from "./call-shell.ts";

type RouteTransfer = Extract<Effect, { kind: "route-transfer" }>;

export interface TransferWorld {
  readonly inForce: InForce | null;
  readonly live: LiveView;
  readonly store: CallStore;
}

/**
 * Where a transfer's target is reached. With Replaces it is the far side of the call that it names (attended transfer, RFC 5589 §7); else it is decided as a
 * call from the trunk of the peer that asked for it, since its rights count.
 */
export async function routeTransfer(call: Call, effect: RouteTransfer, world: TransferWorld): Promise<TransferRoute> {
  const replaces = effect.headers.find(([name]) => name === "Replaces")?.[1];
  return replaces === undefined ? byDecision(call, effect.target, world) : byReplaces(replaces, world.store);
}

async function byReplaces(replaces: string, store: CallStore): Promise<TransferRoute> {
  const callId = replacedCall(replaces);
  const stored = callId === null ? null : await store.load(callId);
  if (stored === null || !stored.ok || stored.value === null) return { attempts: [], failure: "replaced-call-gone" };
  const other = parseCall(stored.value.document);
  const plan = other.ok ? replacementPlan(other.value, replaces) : null;
  return plan === null ? { attempts: [], failure: "transfer-failed" } : { attempts: [plan], failure: null };
}

/** A drain or an overload of this worker does not touch a call that is up. */
function byDecision(call: Call, target: string, world: TransferWorld): TransferRoute {
  const { inForce, live } = world;
  if (inForce === null) return { attempts: [], failure: "not-ready" };
  const referrer = referrerOf(call);
  if (referrer === undefined) return { attempts: [], failure: "transfer-failed" };
  const { trunk, pool, listener } = referrer.profile;
  const facts: RequestFacts = {
    ingressTrunk: trunk === "" ? null : trunk,
    pool,
    listener,
    requestUri: uriFacts(target),
    // The new leg is called in the name of the side that stays.
    callingNumber: referrer.leg === "b" ? call.facts.callingNumber : call.facts.calledNumber,
    callId: tagOf(call.id, `t${call.partySerial}`),
    priorityHeader: null,
    callerAddress: null,
  };
  const decision = decide(facts, inForce.snapshot, live);
  if (decision.kind === "reject") return { attempts: [], failure: decision.failure };
  return { attempts: attemptPlans(decision, inForce.snapshot), failure: null };
}

function referrerOf(call: Call): Party | undefined {
  const dialog = call.transfer?.referrer;
  return call.parties.find((party) => party.dialogs.some(({ id }) => id === dialog));
}
