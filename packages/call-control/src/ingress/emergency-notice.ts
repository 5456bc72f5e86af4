import type { EmergencyNotice, EmergencyPreparation, LocationPolicy, Snapshot } from "@tandem/domain";
import { parseNameAddr, unicodeOf } from "@tandem/sip";
import type { EmergencyCase } from "./prepare-emergency.ts";

/** What people are told of an emergency call that begins. */
export function noticeOf(
  { callId, atMs, request, facts, snapshot }: EmergencyCase,
  preparation: EmergencyPreparation,
): EmergencyNotice {
  const from = parseNameAddr(request.message.get("From") ?? "");
  const { service, test, number, policy, site, erl, elin, callbackNumber } = preparation;
  return {
    callId,
    atMs,
    pool: request.pool,
    ingressTrunk: facts.ingressTrunk ?? "",
    callerUri: unicodeOf(from?.uri ?? ""),
    callerName: unicodeOf(from?.displayName ?? ""),
    service,
    test,
    number,
    policy,
    site,
    erl,
    elin,
    callbackNumber,
    location: placeOf(preparation),
    targets: targetsOf(policyNamed(policy, snapshot), test),
  };
}

/** The place as the PSAP is told it: what the caller brought, else what we added. */
function placeOf({ location, place }: EmergencyPreparation): EmergencyNotice["location"] {
  return { ...location, civic: place?.civic ?? null, references: place?.references ?? [] };
}

function policyNamed(name: string | null, snapshot: Snapshot): LocationPolicy | undefined {
  return snapshot.topology.emergency.policies.find((policy) => policy.name === name);
}

/** Whom the policy has told; a test call is silent where it says so. */
function targetsOf(policy: LocationPolicy | undefined, test: boolean): readonly string[] {
  if (policy === undefined || (test && !policy.testCalls.notify)) return [];
  return [...new Set(policy.notify)];
}
