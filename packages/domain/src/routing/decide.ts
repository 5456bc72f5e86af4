import { classifyEmergency, classifyEmergencyNumber, type EmergencyClass } from "../emergency/classify-emergency.ts";
import { emergencyAttempts } from "../emergency/emergency-attempts.ts";
import type { FailureCode } from "../failure/failure.ts";
import { dialledNumber } from "../numbering/dialled-number.ts";
import { normaliseNumber } from "../numbering/dial-plan.ts";
import { type CompiledTrunk, listenerKey, type Snapshot } from "../topology/snapshot.ts";
import { ingressOf, isFull } from "./consider-trunk.ts";
import type { Consideration, Decision, RequestFacts } from "./decision.ts";
import type { LiveView } from "./live-view.ts";
import { selectRoutes } from "./select-routes.ts";

type Emergency = Extract<EmergencyClass, { kind: "emergency" }>;

/**
 * Decides where a new request goes: a pure function, the same for calls and for dry runs. In this order:
 *
 * 1. Emergency classification, before every rule, limit, refusal and drain.
 * 2. Admission: known source, enabled and not full ingress trunk, pool and worker taking calls.
 * 3. The ingress trunk's dial plan; what it makes an emergency number is an emergency call too.
 * 4. Usages, routes, trunks.
 */
export function decide(facts: RequestFacts, snapshot: Snapshot, live: LiveView): Decision {
  const ingress = ingressOf(facts, snapshot);
  const known = classifyEmergency(
    facts.requestUri,
    facts.priorityHeader,
    snapshot.emergency.index,
    prefixes(ingress, snapshot),
  );
  const real = known.kind === "emergency" && !known.test;
  if (real && servesEmergency(facts, ingress, snapshot)) return emergency(facts, known, snapshot, live);
  const refusal = admission(facts, ingress, live);
  if (refusal !== null || ingress === null) return reject(refusal ?? "unknown-source");
  if (known.kind === "emergency") return emergency(facts, known, snapshot, live);
  return ordinary(facts, ingress, snapshot, live);
}

/** Without a trunk nobody knows which prefix the caller is used to dial. */
function prefixes(ingress: CompiledTrunk | null, snapshot: Snapshot): readonly string[] {
  if (ingress === null) return snapshot.emergency.prefixes;
  return ingress.dialPlan === null ? [] : [ingress.dialPlan.externalAccessPrefix];
}

/** An emergency call is served from every known trunk, and from strangers where callers live. */
function servesEmergency(facts: RequestFacts, ingress: CompiledTrunk | null, snapshot: Snapshot): boolean {
  if (ingress !== null) return true;
  return snapshot.listeners.get(listenerKey(facts.pool, facts.listener))?.listener.serves === "callers";
}

function admission(facts: RequestFacts, ingress: CompiledTrunk | null, live: LiveView): FailureCode | null {
  if (ingress === null) return "unknown-source";
  if (!ingress.trunk.settings.enabled) return "trunk-disabled";
  if (live.refuseOrdinary !== null) return live.refuseOrdinary;
  if (live.poolDraining(facts.pool)) return "draining";
  return isFull(ingress, live) ? "call-limit-reached" : null;
}

function ordinary(facts: RequestFacts, ingress: CompiledTrunk, snapshot: Snapshot, live: LiveView): Decision {
  if (facts.requestUri.scheme === "other") return reject("unsupported-scheme");
  if (facts.requestUri.scheme === "urn") return reject("no-route");
  const normalised = normaliseNumber(ingress.dialPlan, dialledNumber(facts.requestUri));
  if (normalised.number === "") return reject("incomplete-number");
  const classified = classifyEmergencyNumber(normalised.number, snapshot.emergency.index);
  if (classified.kind === "emergency") return emergency(facts, classified, snapshot, live);
  const { attempts, considered, failure } = selectRoutes({ facts, ingress, number: normalised.number }, snapshot, live);
  if (failure !== null) return reject(failure, considered);
  return {
    kind: "route",
    normalisedNumber: normalised.number,
    dialPlanRule: normalised.rule,
    attempts,
    considered,
  };
}

function emergency(facts: RequestFacts, known: Emergency, snapshot: Snapshot, live: LiveView): Decision {
  // A test service without a test number has nobody to answer it (RFC 6881 ED-77 allows 404); it must not ring at a call taker.
  if (known.number === null) return reject("no-route");
  const call = { facts, number: known.number, test: known.test };
  const { attempts, considered } = emergencyAttempts(call, snapshot, live);
  if (attempts.length === 0) return reject("no-emergency-trunk");
  const { service, test, number } = known;
  return { kind: "emergency", service, test, number, policy: null, site: null, attempts, considered };
}

function reject(failure: FailureCode, considered: readonly Consideration[] = []): Decision {
  return { kind: "reject", failure, considered };
}
