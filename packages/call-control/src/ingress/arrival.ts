import {
  decide,
  identifyIngress,
  legProfile,
  strangerProfile,
  type CompiledTrunk,
  type Decision,
  type LegProfile,
  type LiveView,
} from "@tandem/domain";
import type { InForce } from "../live/topology-in-force.ts";
import type { IncomingRequest } from "../ports/index.ts";
import { requestFacts } from "./request-facts.ts";

/** The trunk a request came by, or null for a stranger. */
export function ingressTrunk(request: IncomingRequest, { sources }: InForce): CompiledTrunk | null {
  const { pool, listener, source, tlsIdentities } = request;
  return identifyIngress({ pool, listener, address: source.address, port: source.port, tlsIdentities }, sources);
}

/** Profile of the leg a request came by. Null when the topology does not know its listener (any more). */
export function ingressProfile(
  request: IncomingRequest,
  trunk: CompiledTrunk | null,
  { snapshot }: InForce,
): LegProfile | null {
  if (trunk !== null) return legProfile(trunk.trunk.name, snapshot);
  const { pool, listener, source } = request;
  return strangerProfile({ pool, listener, address: source.address, port: source.port }, snapshot);
}

/** The decision about a new request; `callId` spreads weighted choices. */
export function decideRequest(
  request: IncomingRequest,
  trunk: CompiledTrunk | null,
  callId: string,
  world: { readonly inForce: InForce; readonly live: LiveView },
): Decision {
  return decide(requestFacts(request, trunk?.trunk.name ?? null, callId), world.inForce.snapshot, world.live);
}
