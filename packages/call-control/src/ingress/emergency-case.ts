import { attemptPlans, type CompiledTrunk } from "@tandem/domain";
import type { IncomingRequest } from "../ports/index.ts";
import { ingressProfile } from "./arrival.ts";
import type { Arrived } from "./callback-arrival.ts";
import type { EmergencyCase } from "./prepare-emergency.ts";
import { requestFacts } from "./request-facts.ts";

/** An INVITE as an emergency call; null when it is none. `atMs`: now, epoch ms. */
export function emergencyCase(
  { request, trunk, decision, inForce }: Omit<Arrived, "callback">,
  callId: string,
  atMs: number,
): EmergencyCase | null {
  const ingress = ingressProfile(request, trunk, inForce);
  if (decision.kind !== "emergency" || ingress === null) return null;
  const { snapshot } = inForce;
  const attempts = attemptPlans(decision, snapshot);
  return caseOf(request, trunk, { callId, atMs, ingress, decision, attempts, snapshot });
}

/** The same where all is decided. */
export function caseOf(
  request: IncomingRequest,
  trunk: CompiledTrunk | null,
  decided: Omit<EmergencyCase, "request" | "facts">,
): EmergencyCase {
  const { callId, snapshot } = decided;
  const facts = requestFacts(request, trunk, { callId, plan: snapshot.emergency.plan });
  return { ...decided, request, facts };
}
