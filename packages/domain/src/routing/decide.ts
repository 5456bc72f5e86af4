import {
  classifyEmergency,
  classifyEmergencyNumber,
  type EmergencyClass,
  type EmergencyIndex,
  generalNumber,
} from "../emergency/classify-emergency.ts";
import { callerRules } from "../emergency/caller-rules.ts";
import { emergencyChain } from "../emergency/emergency-chain.ts";
import type { FailureCode } from "../failure/failure.ts";
import { dialledNumber } from "../numbering/dialled-number.ts";
import { normaliseNumber } from "../numbering/dial-plan.ts";
import type { RuleResult } from "../numbering/number-rule.ts";
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
 * 2. The ingress trunk's dial plan; what it makes an emergency number is an emergency call too, which nothing refuses.
 * 3. Admission: known source, enabled and not full ingress trunk, pool and worker taking calls. Test calls ask for it.
 * 4. Usages, routes, trunks.
 */
export function decide(facts: RequestFacts, snapshot: Snapshot, live: LiveView): Decision {
  const ingress = ingressOf(facts, snapshot);
  const dialled = classify(facts, ingress, snapshot);
  if (isReal(dialled) && servesEmergency(facts, ingress, snapshot))
    return emergency({ facts, known: dialled, marked: null }, snapshot, live);
  if (dialled.kind === "ordinary" && isMarked(facts, ingress)) return marked(facts, ingress, snapshot, live);
  const normalised = normaliseNumber(ingress?.dialPlan ?? null, dialledNumber(facts.requestUri));
  const known = dialled.kind === "emergency" ? dialled : classifyNumber(normalised.number, facts, snapshot);
  if (isReal(known) && ingress !== null) return emergency({ facts, known, marked: null }, snapshot, live);
  const refusal = admission(facts, ingress, live);
  if (refusal !== null || ingress === null) return reject(refusal ?? "unknown-source");
  if (known.kind === "emergency") return emergency({ facts, known, marked: null }, snapshot, live);
  return ordinary({ facts, ingress, normalised }, snapshot, live);
}

function isReal(known: EmergencyClass): known is Emergency {
  return known.kind === "emergency" && !known.test;
}

/** What is no emergency number for anybody is none for this caller; only for the rest it matters whose policy holds. */
function classify(facts: RequestFacts, ingress: CompiledTrunk | null, snapshot: Snapshot): EmergencyClass {
  const { requestUri, priorityHeader } = facts;
  const accessPrefixes = prefixes(ingress, snapshot);
  const by = (index: EmergencyIndex): EmergencyClass => {
    return classifyEmergency(requestUri, priorityHeader, index, accessPrefixes);
  };
  const anybody = by(snapshot.emergency.anyIndex);
  return anybody.kind === "ordinary" ? anybody : by(callerRules(facts, snapshot).index);
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

/** RFC 3261 §20.26 `Priority: emergency` marks a call whatever its number, where the peer is trusted to say so; anybody could write it. */
function isMarked({ priorityHeader }: RequestFacts, ingress: CompiledTrunk | null): ingress is CompiledTrunk {
  return ingress?.trunk.settings.trusted === true && priorityHeader?.trim().toLowerCase() === "emergency";
}

/** A marked call goes where its number is routed, by every way; and where nobody answers there, to the emergency number. */
function marked(facts: RequestFacts, ingress: CompiledTrunk, snapshot: Snapshot, live: LiveView): Decision {
  const { index } = callerRules(facts, snapshot);
  const { number } = normaliseNumber(ingress.dialPlan, dialledNumber(facts.requestUri));
  const listed = classifyEmergencyNumber(number, index);
  if (listed.kind === "emergency") return emergency({ facts, known: listed, marked: null }, snapshot, live);
  const known: Emergency = { kind: "emergency", service: "urn:service:sos", test: false, number: generalNumber(index) };
  return emergency({ facts, known, marked: number }, snapshot, live);
}

function admission(facts: RequestFacts, ingress: CompiledTrunk | null, live: LiveView): FailureCode | null {
  if (ingress === null) return "unknown-source";
  if (!ingress.trunk.settings.enabled) return "trunk-disabled";
  if (live.refuseOrdinary !== null) return live.refuseOrdinary;
  if (live.poolDraining(facts.pool)) return "draining";
  return isFull(ingress, live) ? "call-limit-reached" : null;
}

interface OrdinaryCall {
  readonly facts: RequestFacts;
  readonly ingress: CompiledTrunk;
  readonly normalised: RuleResult;
}

function ordinary({ facts, ingress, normalised }: OrdinaryCall, snapshot: Snapshot, live: LiveView): Decision {
  if (facts.requestUri.scheme === "other") return reject("unsupported-scheme");
  if (facts.requestUri.scheme === "urn") return reject("no-route");
  if (normalised.number === "") return reject("incomplete-number");
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

function classifyNumber(number: string, facts: RequestFacts, snapshot: Snapshot): EmergencyClass {
  const { scheme } = facts.requestUri;
  // Whatever a rule makes of no number at all: these name none.
  if (scheme === "urn" || scheme === "other") return { kind: "ordinary" };
  const anybody = classifyEmergencyNumber(number, snapshot.emergency.anyIndex);
  if (anybody.kind === "ordinary") return anybody;
  return classifyEmergencyNumber(number, callerRules(facts, snapshot).index);
}

interface EmergencyCall {
  readonly facts: RequestFacts;
  readonly known: Emergency;
  readonly marked: string | null;
}

function emergency({ facts, known, marked: own }: EmergencyCall, snapshot: Snapshot, live: LiveView): Decision {
  const { service, test, number } = known;
  // A test service without a test number has nobody to answer it (RFC 6881 ED-77 wants 404); it must not ring at a call taker.
  if (number === null) return reject("no-route");
  const { site, policy } = callerRules(facts, snapshot);
  const { attempts, considered } = emergencyChain({ facts, number, test, policy, marked: own }, snapshot, live);
  if (attempts.length === 0) return reject("no-emergency-trunk");
  const names = { policy: policy?.name ?? null, site: site?.name ?? null };
  return { kind: "emergency", service, test, number, ...names, attempts, considered };
}

function reject(failure: FailureCode, considered: readonly Consideration[] = []): Decision {
  return { kind: "reject", failure, considered };
}
