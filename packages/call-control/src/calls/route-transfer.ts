import {
  attemptPlans,
  decide,
  tagOf,
  type Call,
  type Effect,
  type LiveView,
  type Party,
  type RequestFacts,
} from "@tandem/domain";
import type { InForce } from "../live/topology-in-force.ts";
import { uriFacts } from "../ingress/request-facts.ts";
import type { TransferRoute } from "./call-shell.ts";

/**
 * Where a transfer's target is reached: decided as a call from the trunk of the peer that asked for it, since its rights count. A drain or an overload of this
 * worker does not touch a call that is up.
 */
export function routeTransfer(
  call: Call,
  effect: Extract<Effect, { kind: "route-transfer" }>,
  world: { readonly inForce: InForce | null; readonly live: LiveView },
): TransferRoute {
  const { inForce, live } = world;
  if (inForce === null) return { attempts: [], failure: "not-ready" };
  const referrer = referrerOf(call);
  if (referrer === undefined) return { attempts: [], failure: "transfer-failed" };
  const { trunk, pool, listener } = referrer.profile;
  const facts: RequestFacts = {
    ingressTrunk: trunk === "" ? null : trunk,
    pool,
    listener,
    requestUri: uriFacts(effect.target),
    // The new leg is called in the name of the side that stays.
    callingNumber: referrer.leg === "b" ? call.facts.callingNumber : call.facts.calledNumber,
    callId: tagOf(call.id, `t${call.partySerial}`),
    priorityHeader: null,
  };
  const decision = decide(facts, inForce.snapshot, live);
  if (decision.kind === "reject") return { attempts: [], failure: decision.failure };
  return { attempts: attemptPlans(decision, inForce.snapshot), failure: null };
}

function referrerOf(call: Call): Party | undefined {
  const dialog = call.transfer?.referrer;
  return call.parties.find((party) => party.dialogs.some(({ id }) => id === dialog));
}
