import {
  attemptPlans,
  barePlan,
  decide,
  emergencyCaller,
  junctionPlan,
  parseCall,
  replacedCall,
  tagOf,
  type Call,
  type AttemptPlan,
  type Effect,
  type LiveView,
  type Party,
  type RequestFacts,
  type Snapshot,
} from "@tandem/domain";
import { uriFacts } from "../ingress/request-facts.ts";
import type { InForce } from "../live/topology-in-force.ts";
import type { CallStore } from "../ports/index.ts";
import type { TransferRoute } from "./call-shell.ts";
import { alsoReplacing, placeOfKept, routeToEmergency, type EmergencyTransferParts } from "./emergency-transfer.ts";
import { withFallback } from "./unattended.ts";

type RouteTransfer = Extract<Effect, { kind: "route-transfer" }>;

export interface TransferWorld {
  readonly inForce: InForce | null;
  readonly live: LiveView;
  readonly store: CallStore;
  readonly emergency: EmergencyTransferParts;
}

/**
 * Where a transfer's target is reached. With a Replaces that names a dialog of ours it is the far side of that call (attended transfer, RFC 5589 §7); else it
 * is decided as a call from the trunk of the peer that asked for it, since its rights count, and a Replaces that names somebody else's dialog goes along.
 */
export async function routeTransfer(call: Call, effect: RouteTransfer, world: TransferWorld): Promise<TransferRoute> {
  const replaces = effect.headers.find(([name]) => name === "Replaces")?.[1] ?? "";
  const other = replacedCall(replaces);
  if (other === call.id) return { attempts: [], failure: "transfer-failed" };
  if (other !== null) return byReplaces(other, replaces, world.store);
  const route = await byDecision(call, effect.target, world);
  if (replaces === "") return route;
  const { attempts } = route;
  const isEmergency = route.emergency !== undefined;
  return {
    ...route,
    attempts: attempts.map((plan) => (isEmergency ? alsoReplacing(plan, replaces) : replacing(plan, replaces))),
  };
}

/** RFC 3891 §4: whoever does not understand Replaces must not ring as if it were a new call. */
function replacing(plan: AttemptPlan, replaces: string): AttemptPlan {
  const headers = [
    ["Replaces", replaces],
    ["Require", "replaces"],
  ] as const;
  return { ...plan, headers: [...(plan.headers ?? []), ...headers] };
}

async function byReplaces(callId: string, replaces: string, store: CallStore): Promise<TransferRoute> {
  const stored = await store.load(callId);
  if (!stored.ok || stored.value === null) return { attempts: [], failure: "replaced-call-gone" };
  const other = parseCall(stored.value.document);
  const plan = other.ok ? junctionPlan(other.value, replaces) : null;
  return plan === null ? { attempts: [], failure: "transfer-failed" } : { attempts: [plan], failure: null };
}

/** A drain or an overload of this worker does not touch a call that is up. */
async function byDecision(call: Call, target: string, world: TransferWorld): Promise<TransferRoute> {
  const { inForce, live } = world;
  if (inForce === null) return { attempts: [], failure: "not-ready" };
  const referrer = partyOf(call, call.transfer?.referrer);
  const kept = partyOf(call, call.transfer?.kept);
  if (referrer === undefined || kept === undefined) return { attempts: [], failure: "transfer-failed" };
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
    callerAddress: placeOfKept(call, kept),
  };
  const decision = decide(facts, inForce.snapshot, live);
  if (decision.kind === "emergency") {
    // A bug must not cost an emergency call: then it goes as it was decided (RFC 6881 SP-33 no. 5).
    const routing = routeToEmergency({ call, target, facts, inForce, live }, kept, world.emergency);
    const beside = { callId: call.id, telemetry: world.emergency.telemetry };
    const route = await withFallback(routing, beside, () => null);
    if (route !== null) return route;
  }
  const { snapshot } = inForce;
  const ofEmergency = emergencyCaller(call) !== null;
  if (decision.kind === "reject" && !ofEmergency) return { attempts: [], failure: decision.failure };
  const attempts = decision.kind === "reject" ? [backToPsap(call, target, referrer)] : attemptPlans(decision, snapshot);
  return { attempts: ofEmergency ? attempts.map((plan) => tellingPlace(plan, snapshot)) : attempts, failure: null };
}

/**
 * Whom a call taker transfers to without dialling an emergency number is told where the caller is where the way leads to an E9-1-1 provider or an ESInet: the
 * next agency needs it, and such networks were told. Nobody else is: the caller gave it to those who help him (RFC 6442 §6).
 */
function tellingPlace(plan: AttemptPlan, { trunks }: Snapshot): AttemptPlan {
  const way = trunks.get(plan.profile.trunk);
  const serves = way?.gateway.kind === "e911" && way.trunk.settings.emergency.location === "pass";
  return serves ? { ...plan, tellsPlace: true } : plan;
}

/** RFC 6881 SP-37: a PSAP transfers to whom it likes. What no route of ours reaches lies behind the trunk it called us on: it knows the way. */
function backToPsap({ facts }: Call, target: string, { profile }: Party): AttemptPlan {
  const numbers = { calledNumber: uriFacts(target).user, callingNumber: facts.callingNumber };
  return { ...barePlan(profile, numbers), progressTimeoutMs: 0, failoverCodes: [], requestUri: target };
}

function partyOf({ parties }: Call, dialog: string | undefined): Party | undefined {
  return parties.find(({ dialogs }) => dialogs.some(({ id }) => id === dialog));
}
