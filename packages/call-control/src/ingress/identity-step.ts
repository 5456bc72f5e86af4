import {
  callIdentifiers,
  isDiallable,
  listenerKey,
  type EmergencyPreparation,
  type RequestFacts,
} from "@tandem/domain";
import { headerAddresses, type SipMessage } from "@tandem/sip";
import type { EmergencyCase, PreparationPorts, PreparationStep } from "./prepare-emergency.ts";
import { uriFacts } from "./request-facts.ts";

/** Who calls, who we are, and what the call is called wherever it goes. Nothing is waited for. */
export const identityStep: PreparationStep = {
  name: "identity",
  boundMs: 100,
  run: (soFar, incident, ports) => Promise.resolve(identified(soFar, incident, ports)),
};

function identified(
  soFar: EmergencyPreparation,
  incident: EmergencyCase,
  ports: PreparationPorts,
): EmergencyPreparation {
  const { callId, facts, request, snapshot } = incident;
  const { provider } = snapshot.topology.emergency;
  const seeds = { call: callId, incident: ports.hash(`incident ${callId}`), host: provider?.fqdn ?? ownHost(incident) };
  const identifiers = callIdentifiers(request.message, seeds);
  return {
    ...soFar,
    callbackNumber: callbackNumber(request.message, facts),
    callIdentifier: identifiers.call,
    incidentIdentifier: identifiers.incident,
    provider,
    sourceIdentifier: ports.unguessable(),
  };
}

/** Headers that name a caller who withheld his number. From whom nobody vouches for they count as much as his From does: it is his to say where he is called back. */
const NAMED_IN = ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID"];

/**
 * Where a PSAP reaches the caller: the number the network asserts, when the request came by a known trunk (RFC 3325 §4: whoever is not known asserts
 * nothing), else the number of From, else whatever number the request names him by. Privacy hides none (RFC 6881 SP-33 no. 4). What is no number is kept
 * only when nothing else is known.
 */
function callbackNumber(request: SipMessage, { ingressTrunk, callingNumber }: RequestFacts): string {
  const asserted = ingressTrunk === null ? [] : usersIn(request, "P-Asserted-Identity");
  const named = [...asserted, callingNumber].find(isDiallable);
  return named ?? NAMED_IN.flatMap((header) => usersIn(request, header)).find(isDiallable) ?? callingNumber;
}

function usersIn(request: SipMessage, header: string): readonly string[] {
  return headerAddresses(request, header).map(({ uri }) => uriFacts(uri).user);
}

/** What peers are told to call the pool by. */
function ownHost({ facts, snapshot }: EmergencyCase): string {
  const local = snapshot.listeners.get(listenerKey(facts.pool, facts.listener));
  return (local?.pool.fqdn ?? local?.listener.advertisedAddress ?? "").replaceAll(":", "-");
}
