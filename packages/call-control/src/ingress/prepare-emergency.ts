import {
  faultOf,
  attemptPlans,
  blankPreparation,
  dressAttempts,
  routingOf,
  screenedFirst,
  type AttemptPlan,
  type Decision,
  type EmergencyPreparation,
  type LegProfile,
  type PidfReader,
  type RequestFacts,
  type Snapshot,
} from "@tandem/domain";
import type { Callbacks } from "../live/callbacks.ts";
import type {
  Clock,
  IdentityHash,
  IncomingRequest,
  LocationSource,
  Telemetry,
  UnguessableName,
} from "../ports/index.ts";
import { within } from "../timing/within.ts";
import { callbackStep, lentElinStep } from "./callback-step.ts";
import { identityStep } from "./identity-step.ts";
import { conveyedStep, locateStep } from "./location-steps.ts";

/** An emergency call between its decision and its first attempt. */
export interface EmergencyCase {
  readonly callId: string;
  /** When the INVITE came (epoch ms). */
  readonly atMs: number;
  /** The INVITE; where a call under way became one, what its caller would have sent. */
  readonly request: Pick<IncomingRequest, "message" | "pool">;
  readonly facts: RequestFacts;
  /** The caller's leg. */
  readonly ingress: LegProfile;
  readonly decision: Extract<Decision, { kind: "emergency" }>;
  readonly attempts: readonly AttemptPlan[];
  readonly snapshot: Snapshot;
}

export interface PreparationPorts {
  readonly locations: LocationSource;
  readonly known: Callbacks;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly hash: IdentityHash;
  readonly readPidf: PidfReader;
  readonly unguessable: UnguessableName;
}

/** One thing that is found out; gives the preparation with what it found. */
export interface PreparationStep {
  /** Closed set: metric label and log value. */
  readonly name: "identity" | "location" | "callback";
  /** The call waits no longer than this. */
  readonly boundMs: number;
  run(soFar: EmergencyPreparation, incident: EmergencyCase, ports: PreparationPorts): Promise<EmergencyPreparation>;
}

/** In this order: what is lent to a call depends on where it comes from. Together they are the longest an INVITE can wait here. */
const STEPS: readonly PreparationStep[] = [identityStep, conveyedStep, locateStep, callbackStep];

/** The same for a call that another worker prepared, and that may be over: nothing is lent, and nobody is remembered. */
export const STEPS_AFTERWARDS: readonly PreparationStep[] = [identityStep, conveyedStep, locateStep, lentElinStep];

/** The same for a call whose caller, number and place are known: who we are, and a name of the call's source. */
export const STEPS_OF_A_KNOWN_CALLER: readonly PreparationStep[] = [identityStep];

/**
 * Finds out what an emergency INVITE is made of besides the request. Never fails and never takes longer than the bounds of its steps: a step that
 * fails, throws or is late leaves the preparation as it was, and the call goes on.
 */
export async function prepareEmergency(
  incident: EmergencyCase,
  ports: PreparationPorts,
  steps: readonly PreparationStep[] = STEPS,
): Promise<EmergencyPreparation> {
  let soFar = whatIsDecided(incident);
  for (const step of steps) soFar = await bounded(step, soFar, { incident, ports });
  return { ...soFar, routing: routingOf(soFar.location) };
}

/** The ways out in their last order, and how they came to it. */
export interface PreparedWays {
  readonly attempts: readonly AttemptPlan[];
  readonly considered: Decision["considered"];
}

/**
 * The ways out as the location wants them ordered, with the numbers their profiles want. A bug in that must not cost the call: then it goes as it was
 * decided and as the caller wrote it.
 */
export function preparedWays(
  { decision, attempts, callId, snapshot }: EmergencyCase,
  preparation: EmergencyPreparation,
  telemetry: Telemetry,
): PreparedWays {
  try {
    const ordered = screenedFirst(decision, preparation.routing, snapshot);
    const plans = ordered === decision ? attempts : attemptPlans(ordered, snapshot);
    return { attempts: dressAttempts(plans, preparation, snapshot), considered: ordered.considered };
  } catch (error) {
    telemetry.emergency.preparationFailed("location");
    telemetry.log("error", "an emergency call goes out undressed", {
      callId,
      ...faultOf(error),
    });
    return { attempts, considered: decision.considered };
  }
}

function whatIsDecided({ decision, facts }: EmergencyCase): EmergencyPreparation {
  const { service, test, number, policy, site } = decision;
  return { ...blankPreparation, service, test, number, policy, site, callbackNumber: facts.callingNumber };
}

interface Surroundings {
  readonly incident: EmergencyCase;
  readonly ports: PreparationPorts;
}

async function bounded(
  step: PreparationStep,
  soFar: EmergencyPreparation,
  { incident, ports }: Surroundings,
): Promise<EmergencyPreparation> {
  const { clock, telemetry } = ports;
  try {
    return await within(clock, step.boundMs, step.run(soFar, incident, ports), () => {
      telemetry.emergency.preparationFailed(step.name);
      return soFar;
    });
  } catch (error) {
    // A bug in a step must not cost an emergency call (RFC 6881 SP-33 no. 5: processed as best one can).
    telemetry.emergency.preparationFailed(step.name);
    telemetry.log("error", "an emergency call goes on without a step of its preparation", {
      step: step.name,
      ...faultOf(error),
    });
    return soFar;
  }
}
