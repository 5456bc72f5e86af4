import { callbackKey, isDiallable, type EmergencyPreparation, type Snapshot } from "@tandem/domain";
import { parseNameAddr } from "@tandem/sip";
import type { EmergencyCase, PreparationStep } from "./prepare-emergency.ts";

/** The longest a call can last before its entry lapses although nobody ended it (ms). */
const LONGEST_CALL_MS = 86_400_000;
/** A net above the bounds of `Callbacks` itself. */
const BOUND_MS = 250;

/**
 * Lends the call an ELIN if one of its ways out needs one, and remembers whom the PSAP reaches under it and under the callback number. The window begins
 * to run when the call ends; where it is nothing, an ELIN is lent all the same, and nobody is remembered.
 */
export const callbackStep: PreparationStep = {
  name: "callback",
  boundMs: BOUND_MS,
  async run(soFar, incident, { known, clock }) {
    const { callId, facts, ingress, request, snapshot } = incident;
    const nowMs = clock.now();
    const { callbackWindowMs } = snapshot.topology.emergency;
    const { erl, elins } = elinsFor(soFar, incident);
    if (elins.length === 0 && (callbackWindowMs === 0 || callbackKey(soFar.callbackNumber) === "")) {
      return { ...soFar, erl };
    }
    const contact = parseNameAddr(request.message.get("Contact") ?? "")?.uri ?? "";
    const { callbackNumber } = soFar;
    const elin = await known.remember({
      caller: {
        callId,
        number: ringable(facts.callingNumber, callbackNumber),
        callbackNumber,
        contact,
        profile: ingress,
      },
      callbackNumber,
      elins,
      nowMs,
      untilMs: nowMs + (callbackWindowMs === 0 ? 1 : LONGEST_CALL_MS),
    });
    return { ...soFar, erl, elin };
  },
};

/** What rings the caller at his side: the number he called from as it is written there, and where he withheld it (RFC 3323 §4.1), the one he is known by. */
function ringable(callingNumber: string, callbackNumber: string): string {
  return !isDiallable(callingNumber) && isDiallable(callbackNumber) ? callbackNumber : callingNumber;
}

/** The ELIN that was lent to the call, as far as this worker's copy of the callbacks knows. */
export const lentElinStep: PreparationStep = {
  name: "callback",
  boundMs: BOUND_MS,
  run(soFar, incident, { known }) {
    const { erl, elins } = elinsFor(soFar, incident);
    const elin = elins.find((each) => known.reached(each)?.caller.callId === incident.callId) ?? null;
    return Promise.resolve({ ...soFar, erl, elin });
  },
};

/** Where the call comes from, and what may be lent to it there: nothing when no way out needs an ELIN. */
function elinsFor(soFar: EmergencyPreparation, incident: EmergencyCase) {
  const { snapshot } = incident;
  const erl = soFar.erl ?? erlOfSite(soFar.site, snapshot);
  return { erl, elins: needsElin(incident) ? elinsOf({ ...soFar, erl }, snapshot) : [] };
}

function needsElin({ attempts }: EmergencyCase): boolean {
  return attempts.some(({ emergency }) => emergency?.kind === "elin");
}

function erlOfSite(site: string | null, snapshot: Snapshot): string | null {
  return snapshot.topology.emergency.sites.find(({ name }) => name === site)?.erl ?? null;
}

/** Those the location service gave, else those of the location in the topology. */
function elinsOf({ elins, erl }: EmergencyPreparation, snapshot: Snapshot): readonly string[] {
  if (elins.length > 0) return elins;
  return snapshot.topology.emergency.erls.find(({ name }) => name === erl)?.elins ?? [];
}
