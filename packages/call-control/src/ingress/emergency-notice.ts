import {
  faultOf,
  type EmergencyNotice,
  type EmergencyPreparation,
  type LocationPolicy,
  type Snapshot,
} from "@tandem/domain";
import { parseNameAddr, unicodeOf } from "@tandem/sip";
import type { EmergencyNotices, Telemetry } from "../ports/index.ts";
import type { EmergencyCase } from "./prepare-emergency.ts";

export interface TellingPorts {
  readonly notices: EmergencyNotices;
  readonly telemetry: Telemetry;
}

/** People are told of an emergency call that has begun. Nothing that goes wrong here may touch the call. */
export function announceEmergency(
  incident: EmergencyCase,
  preparation: EmergencyPreparation,
  { notices, telemetry }: TellingPorts,
): void {
  try {
    notices.announce(noticeOf(incident, preparation));
  } catch (bug) {
    telemetry.emergency.preparationFailed("notice");
    telemetry.log("error", "nobody could be told of an emergency call", {
      callId: incident.callId,
      ...faultOf(bug),
    });
  }
}

/** What people are told of an emergency call that begins. */
function noticeOf(
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
