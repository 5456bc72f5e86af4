import {
  decide,
  type AttemptPlan,
  attemptPlans,
  type Call,
  emergencyCaller,
  type EmergencyFacts,
  type EmergencyPreparation,
  type LiveView,
  type Party,
  type RequestFacts,
} from "@tandem/domain";
import { buildRequest, parseNameAddr } from "@tandem/sip";
import { gatewayAddress } from "../ingress/caller-origin.ts";
import { announceEmergency, type TellingPorts } from "../ingress/emergency-notice.ts";
import {
  preparedWays,
  prepareEmergency,
  STEPS_AFTERWARDS,
  STEPS_OF_A_KNOWN_CALLER,
  type EmergencyCase,
  type PreparationPorts,
} from "../ingress/prepare-emergency.ts";
import { uriFacts } from "../ingress/request-facts.ts";
import type { InForce } from "../live/topology-in-force.ts";
import type { TransferRoute } from "./call-shell.ts";
import { deskToHear, goesWithoutDesk, type DeskChoice } from "./desk-choice.ts";

/** Ports of what an emergency call is prepared with. */
export interface EmergencyTransferParts extends PreparationPorts, TellingPorts {}

export interface Transferring {
  readonly call: Call;
  /** Where to, as the Refer-To says. */
  readonly target: string;
  /** As decided: the request of the peer that asked for the transfer. */
  readonly facts: RequestFacts;
  readonly inForce: InForce;
  readonly live: LiveView;
}

/** The address that tells where the side that stays is: of the caller as his INVITE told, of others that of their gateway. */
export function placeOfKept(call: Call, kept: Party): string | null {
  if (kept.id === "a" && call.facts.origin !== null) return call.facts.origin.address;
  return gatewayAddress(kept.profile);
}

/**
 * The way of a transfer to an emergency number: the call is an emergency call of the side that stays, prepared, told and tried as if that side had dialled.
 * A call taker who transfers to another one has a caller who is known: nothing is looked up or lent again, nobody is told again.
 */
export async function routeToEmergency(
  { call, target, facts, inForce, live }: Transferring,
  kept: Party,
  parts: EmergencyTransferParts,
): Promise<TransferRoute | null> {
  const { snapshot } = inForce;
  const { pool, listener } = kept.profile;
  const known = emergencyCaller(call) === null ? null : call.facts.emergency;
  const ofReferrer = { ...facts, pool, listener, callingNumber: numberOfKept(call, kept) };
  // A trunk that a call came by is its last way out. That of a call taker leads to the next one.
  const ofCaller = { ...ofReferrer, ingressTrunk: kept.profile.trunk || null };
  let ofKept = known === null ? ofReferrer : ofCaller;
  let decision = decide(ofKept, snapshot, live);
  if (decision.kind !== "emergency" && known !== null) {
    // The caller's trunk may have left the topology, and only the call taker's dial plan may name the next one.
    ofKept = ofReferrer;
    decision = decide(ofKept, snapshot, live);
  }
  if (decision.kind !== "emergency") return null;
  const incident: EmergencyCase = {
    callId: call.id,
    atMs: parts.clock.now(),
    request: { message: inviteOfKept(kept, target), pool },
    facts: ofKept,
    ingress: kept.profile,
    decision,
    attempts: attemptPlans(decision, snapshot),
    snapshot,
  };
  const preparation = await (known === null
    ? prepareEmergency(incident, parts)
    : preparedAs(known, { call, incident, parts }));
  const { attempts, considered } = preparedWays(incident, preparation, parts.telemetry);
  const withoutDesk = known === null ? withoutDeskOf(incident, parts) : {};
  return {
    attempts,
    failure: null,
    emergency: { preparation, considered, callerLeg: kept.leg, ...withoutDesk },
    ...(known === null && {
      afterwards: () => announceEmergency(incident, preparation, parts),
      unused: () => endCallback(incident, preparation, parts),
    }),
  };
}

/** The two talked before anybody was to hear them: what each was told of the other's media leads through no relay. */
function withoutDeskOf(
  incident: EmergencyCase,
  { telemetry }: EmergencyTransferParts,
): Pick<DeskChoice, "withoutDesk"> {
  if (deskToHear(incident) === null) return {};
  return { withoutDesk: goesWithoutDesk(incident.callId, "no-media", telemetry) };
}

/** Nobody is left whose end would begin the callback window: it begins now. */
function endCallback(
  { callId, snapshot }: EmergencyCase,
  { callbackNumber, elin }: EmergencyPreparation,
  { known, clock }: EmergencyTransferParts,
): void {
  const nowMs = clock.now();
  const untilMs = nowMs + snapshot.topology.emergency.callbackWindowMs;
  void known.end({ callId, callbackNumber, elin, nowMs, untilMs });
}

interface Retold {
  readonly call: Call;
  readonly incident: EmergencyCase;
  readonly parts: EmergencyTransferParts;
}

/**
 * What the next call taker is told is what the first one was: names, numbers and the place. Only where nobody knew a place it is looked for again, and where
 * the record is of an earlier release, which did not keep what we added.
 */
async function preparedAs(known: EmergencyFacts, { call, incident, parts }: Retold): Promise<EmergencyPreparation> {
  const { callbackNumber, elin, callIdentifier, incidentIdentifier, location, place, erl, routing } = known;
  const names = { callbackNumber, elin, callIdentifier, incidentIdentifier };
  const told = location.kind === "none" ? null : call.toldLocation;
  if (told === null) return { ...(await prepareEmergency(incident, parts, STEPS_AFTERWARDS)), ...names };
  const prepared = await prepareEmergency(incident, parts, STEPS_OF_A_KNOWN_CALLER);
  return { ...prepared, ...names, location, place, erl, routing, addedLocation: told.added };
}

/** The number the side that stays is reached under. */
function numberOfKept({ facts }: Call, { id, remote }: Party): string {
  if (id === "a") return facts.origin?.number ?? facts.callingNumber;
  return uriFacts(parseNameAddr(remote)?.uri ?? "").user;
}

/** What the side that stays would have sent, had it dialled. */
function inviteOfKept({ remote, dialogs }: Party, target: string) {
  const contact = dialogs.find(({ confirmed }) => confirmed)?.target ?? "";
  return buildRequest({
    method: "INVITE",
    uri: target,
    headers: [
      ["From", remote],
      ["To", `<${target}>`],
      ...(contact === "" ? [] : [["Contact", `<${contact}>`] as const]),
    ],
    body: "",
  });
}

/**
 * RFC 3891 for an emergency call: whoever has the dialog joins it; whoever does not know it must ring all the same, so that nothing is required of him, and
 * the way is tried once more without when he refuses it so.
 */
export function alsoReplacing(plan: AttemptPlan, replaces: string): AttemptPlan {
  return {
    ...plan,
    headers: [...(plan.headers ?? []), ["Replaces", replaces]],
    withoutReplaces: plan,
    ...(plan.inClear !== undefined && { inClear: alsoReplacing(plan.inClear, replaces) }),
  };
}
