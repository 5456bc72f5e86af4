import type { EmergencyNotice, EmergencyPreparation, LocationPolicy, Snapshot } from "@tandem/domain";
import { parseNameAddr } from "@tandem/sip";
import type { EmergencyCase } from "./prepare-emergency.ts";

/** What people are told of an emergency call that begins. */
export function noticeOf(
  { callId, request, facts, snapshot }: EmergencyCase,
  preparation: EmergencyPreparation,
  atMs: number,
): EmergencyNotice {
  const from = parseNameAddr(request.message.get("From") ?? "");
  const { service, test, number, policy, site, erl, elin, callbackNumber, location } = preparation;
  return {
    callId,
    atMs,
    pool: request.pool,
    ingressTrunk: facts.ingressTrunk ?? "",
    callerUri: from?.uri ?? "",
    callerName: from?.displayName ?? "",
    service,
    test,
    number,
    policy,
    site,
    erl,
    elin,
    callbackNumber,
    location: { kind: location.kind, method: location.method, civic: null, references: [] },
    targets: targetsOf(policyNamed(policy, snapshot), test),
  };
}

function policyNamed(name: string | null, snapshot: Snapshot): LocationPolicy | undefined {
  return snapshot.topology.emergency.policies.find((policy) => policy.name === name);
}

/** Whom the policy has told; a test call is silent where it says so. */
function targetsOf(policy: LocationPolicy | undefined, test: boolean): readonly string[] {
  if (policy === undefined || (test && !policy.testCalls.notify)) return [];
  return [...new Set(policy.notify)];
}
